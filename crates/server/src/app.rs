//! `App`: a plan and its objects, compiled; nothing here may look at a request.

use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

use actix_http::header::HeaderName;
use bolt_core::param::Coercer;
use bolt_core::plan::{AppPlan, Argument, Body, Guard, HandlerKind, ObjectRef, Param, RoutePlan, ServerPlan, Source};
use bolt_core::route::RouteTree;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt, PyList, PyString, PyTuple};
use tokio_rustls::TlsAcceptor;

use crate::backends::Backends;
use crate::listen::tls;
use crate::pipeline::door::Door;
use crate::pipeline::origin::Origins;
use crate::pipeline::rules::{self, Rules, Scope};
use crate::rate::Counts;

/// A compiled application: routes, rules and the Python objects they use.
#[pyclass(frozen, module = "django_bolt._core")]
pub(crate) struct App(pub(crate) Arc<Compiled>);

/// What [`App`] holds, shared by every thread that serves it.
pub(crate) struct Compiled {
    pub(crate) tree: RouteTree,
    pub(crate) routes: Vec<Route>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) backends: Backends,
    pub(crate) server: ServerPlan,
    pub(crate) door: Door,
    /// Who may send requests with cookies; `None`: anybody.
    pub(crate) origins: Option<Origins>,
    /// What encrypts connections, where there is a certificate.
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) health: Health,
    /// What rate limits have counted.
    pub(crate) counts: Counts,
    pub(crate) objects: Vec<Py<PyAny>>,
    pub(crate) hooks: Hooks,
}

/// Which of the health paths are answered: those that no route of the project has.
#[derive(Clone, Copy)]
pub(crate) struct Health {
    /// `/health`.
    pub(crate) live: bool,
    /// `/ready`.
    pub(crate) ready: bool,
}

/// Python callables and types that every route uses, taken from `django_bolt._runtime.hooks`.
pub(crate) struct Hooks {
    /// `Request(raw)`.
    pub(crate) request: Py<PyAny>,
    /// Base class of response objects, which say by `__bolt_response__` whether `as_reply()` is all there is to it.
    pub(crate) response: Py<PyAny>,
    /// Wraps a value whose clean-up runs after the reply.
    pub(crate) deferred: Py<PyAny>,
    /// `body_errors(exception, body) -> list[FieldError]`.
    pub(crate) body_errors: Py<PyAny>,
    /// `nul_errors(body, value) -> list[FieldError]`.
    pub(crate) nul_errors: Py<PyAny>,
    /// `convert_error(exception) -> (msg, type)`.
    pub(crate) convert_error: Py<PyAny>,
    /// `refusal(reply) -> Exception`: what error handlers are shown of the server's own refusal.
    pub(crate) refusal: Py<PyAny>,
    /// `timed_out(seconds) -> Exception`.
    pub(crate) timed_out: Py<PyAny>,
    /// `not_found(request) -> reply`: Django's handler404.
    pub(crate) not_found: Py<PyAny>,
    /// `SynchronousOnlyOperation`: what blocking code raises where a loop runs.
    pub(crate) blocks: Py<PyAny>,
    /// `refused()`: told of each request that no handler saw, where anybody wants to know.
    pub(crate) refused: Option<Py<PyAny>>,
    /// `ready()`: a coroutine that returns the answer of `/ready`.
    pub(crate) ready: Option<Py<PyAny>>,
    /// `access_log(lines)`: gives requests to Python's logging.
    pub(crate) access_log: Py<PyAny>,
    /// `rate_store(reason)`: logs that the store of rate limits cannot be asked, or with `None` that it can again.
    pub(crate) rate_store: Py<PyAny>,
    pub(crate) constructors: Constructors,
}

/// Python callables for values without a C constructor.
pub(crate) struct Constructors {
    pub(crate) decimal: Py<PyAny>,
    pub(crate) uuid: Py<PyAny>,
    pub(crate) int: Py<PyAny>,
}

impl Constructors {
    fn import(py: Python<'_>) -> PyResult<Self> {
        Ok(Self {
            decimal: py.import("decimal")?.getattr("Decimal")?.unbind(),
            uuid: py.import("uuid")?.getattr("UUID")?.unbind(),
            int: py.get_type::<PyInt>().into_any().unbind(),
        })
    }
}

/// One route, ready to run.
pub(crate) struct Route {
    pub(crate) kind: HandlerKind,
    pub(crate) shield: bool,
    pub(crate) status: u16,
    /// Largest body in bytes.
    pub(crate) max_body: usize,
    /// How long its handler may take.
    pub(crate) timeout: Option<Duration>,
    pub(crate) python_errors: bool,
    /// What is done with its requests and answers; `None`: nothing.
    pub(crate) rules: Option<Rules>,
    /// The backends that are asked who the client is.
    pub(crate) auth: Vec<usize>,
    /// What the client must be.
    pub(crate) guards: Vec<Guard>,
    /// True: `call` takes the Request and a refusal before its arguments.
    pub(crate) around: bool,
    pub(crate) args: Vec<Arg>,
    pub(crate) keywords: Option<Py<PyTuple>>,
    pub(crate) reads: Reads,
    pub(crate) body: Option<Body>,
    pub(crate) call: Py<PyAny>,
    /// How values of just these types are answered as JSON.
    pub(crate) encoders: Py<PyDict>,
    pub(crate) finish: Py<PyAny>,
    pub(crate) fail: Py<PyAny>,
    /// Called for refused requests, on the loop, where `call` is for a thread.
    pub(crate) refuse: Option<Py<PyAny>>,
}

/// Which parts of a request have to be parsed for a route.
#[derive(Default, Clone, Copy)]
pub(crate) struct Reads {
    pub(crate) query: bool,
    pub(crate) cookies: bool,
    pub(crate) request: bool,
}

/// One argument of the callable.
pub(crate) enum Arg {
    Request,
    Param(Lookup, Option<ObjectRef>),
    Body(Option<Py<PyString>>),
    Group { source: Source, build: ObjectRef, fields: Vec<(Py<PyString>, bool, Lookup)>, default: Option<ObjectRef> },
}

/// Where the text of a parameter is found and how it becomes a value.
pub(crate) struct Lookup {
    pub(crate) place: Place,
    pub(crate) wire: String,
    pub(crate) coercer: Coercer,
}

/// Where the text of a parameter is found.
pub(crate) enum Place {
    /// Position among the path's parameters.
    Path(usize),
    Query,
    Header(HeaderName),
    Cookie,
}

impl Place {
    pub(crate) fn source(&self) -> Source {
        match self {
            Self::Path(_) => Source::Path,
            Self::Query => Source::Query,
            Self::Header(_) => Source::Header,
            Self::Cookie => Source::Cookie,
        }
    }
}

#[pymethods]
impl App {
    /// Compiles a serialised plan; `ValueError` where it cannot be served.
    #[new]
    fn new(
        py: Python<'_>,
        plan: &Bound<'_, PyBytes>,
        objects: &Bound<'_, PyList>,
        hooks: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let mut plan: AppPlan = serde_json::from_slice(plan.as_bytes())
            .map_err(|error| PyValueError::new_err(format!("the plan cannot be read: {error}")))?;
        let placed = plan.routes.iter().take_while(|route| !route.method.is_empty());
        let tree = RouteTree::build(placed.map(|route| (route.method.as_str(), route.path.as_str())))
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        let objects: Vec<Py<PyAny>> = objects.iter().map(Bound::unbind).collect();
        let max_body = plan.server.limits.body;
        let free = |path: &str| plan.server.health && plan.routes.iter().all(|route| route.path != path);
        let health = Health { live: free("/health"), ready: free("/ready") };
        let scopes = rules::scopes(&mut plan).map_err(PyValueError::new_err)?;
        let routes = plan
            .routes
            .into_iter()
            .enumerate()
            .map(|(id, route)| {
                RouteBuilder { py, objects: &objects, names: tree.param_names(id), max_body }.route(route)
            })
            .collect::<PyResult<_>>()?;
        let hooks = Hooks::read(py, hooks)?;
        let door = Door::new(&plan.server).map_err(PyValueError::new_err)?;
        let origins = Origins::new(&plan.server).map_err(PyValueError::new_err)?;
        let tls = tls::acceptor(&plan.server).map_err(PyValueError::new_err)?;
        let counts = Counts::new(&plan.server.rate_limits).map_err(PyValueError::new_err)?;
        let AppPlan { prefixes, backends, server, .. } = plan;
        let backends = Backends::compile(py, backends, &objects)?;
        Ok(Self(Arc::new(Compiled {
            tree,
            routes,
            prefixes,
            scopes,
            backends,
            server,
            door,
            origins,
            tls,
            health,
            counts,
            objects,
            hooks,
        })))
    }

    /// Bytes of the memory in which rate limits are counted.
    fn rate_limit_bytes(&self) -> usize {
        self.0.counts.bytes()
    }

    /// Counts in a file of `rate_limit_bytes()`, or in memory that processes have in common which are forked from now
    /// on. False where the file was made by another version, or something was counted already.
    fn share_rate_limits(&self, descriptor: Option<RawFd>) -> PyResult<bool> {
        Ok(self.0.counts.share(descriptor)?)
    }

    /// Replaces the public keys of a backend by a JSON Web Key Set (RFC 7517); returns how many can be used.
    ///
    /// `ValueError` where none can: then the old ones stay.
    fn set_keys(&self, backend: usize, keys: &[u8]) -> PyResult<usize> {
        self.0.backends.set_keys(backend, keys).map_err(PyValueError::new_err)
    }

    /// Waits until a token names a key that its backend does not have, at most for so long; returns such backends.
    fn wait_for_missing_keys(&self, py: Python<'_>, seconds: f64) -> PyResult<Vec<usize>> {
        let most = duration(seconds)?;
        Ok(py.detach(|| self.0.backends.wait(most)))
    }

    /// Ends that wait.
    fn wake(&self) {
        self.0.backends.wake();
    }
}

impl Compiled {
    /// The object that a plan's reference points at.
    pub(crate) fn object<'py>(&self, py: Python<'py>, index: ObjectRef) -> PyResult<&Bound<'py, PyAny>> {
        self.objects.get(index).map(|object| object.bind(py)).ok_or_else(|| bad_reference(index))
    }

    /// True when an unknown path is below an application's prefix.
    pub(crate) fn below_prefix(&self, path: &str) -> bool {
        self.prefixes.iter().any(|prefix| {
            path.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

impl Hooks {
    fn read(py: Python<'_>, hooks: &Bound<'_, PyAny>) -> PyResult<Self> {
        let get = |name: &str| hooks.getattr(name).map(Bound::unbind);
        Ok(Self {
            request: get("request")?,
            response: get("response")?,
            deferred: get("deferred")?,
            body_errors: get("body_errors")?,
            nul_errors: get("nul_errors")?,
            convert_error: get("convert_error")?,
            refusal: get("refusal")?,
            timed_out: get("timed_out")?,
            not_found: get("not_found")?,
            blocks: get("blocks")?,
            refused: hooks.getattr("refused")?.extract()?,
            ready: hooks.getattr("ready")?.extract()?,
            access_log: get("access_log")?,
            rate_store: get("rate_store")?,
            constructors: Constructors::import(py)?,
        })
    }
}

/// Turns one [`RoutePlan`] into a [`Route`].
struct RouteBuilder<'a, 'py> {
    py: Python<'py>,
    objects: &'a [Py<PyAny>],
    names: &'a [String],
    /// What holds where a route says nothing else.
    max_body: usize,
}

impl RouteBuilder<'_, '_> {
    fn route(&self, plan: RoutePlan) -> PyResult<Route> {
        let mut reads = Reads::default();
        let args = plan.args.into_iter().map(|arg| self.argument(arg, &mut reads)).collect::<PyResult<Vec<_>>>()?;
        let keywords = match plan.keywords.len() {
            0 => None,
            count if count <= args.len() => Some(PyTuple::new(self.py, &plan.keywords)?.unbind()),
            count => {
                return Err(PyValueError::new_err(format!("{count} keywords for {} arguments", args.len())));
            }
        };
        Ok(Route {
            kind: plan.kind,
            shield: plan.shield,
            status: plan.status,
            max_body: plan.max_body.unwrap_or(self.max_body),
            timeout: plan.timeout.map(duration).transpose()?,
            python_errors: plan.python_errors,
            rules: Rules::new(plan.policies).map_err(PyValueError::new_err)?,
            auth: plan.auth,
            guards: plan.guards,
            around: plan.around,
            args,
            keywords,
            reads,
            body: plan.body,
            call: self.object(plan.call)?,
            encoders: self.object(plan.encoders)?.into_bound(self.py).cast_into()?.unbind(),
            finish: self.object(plan.finish)?,
            fail: self.object(plan.fail)?,
            refuse: plan.refuse.map(|index| self.object(index)).transpose()?,
        })
    }

    fn argument(&self, argument: Argument, reads: &mut Reads) -> PyResult<Arg> {
        Ok(match argument {
            Argument::Request => {
                reads.request = true;
                Arg::Request
            }
            Argument::Param(Param { source, wire, coerce, default }) => {
                Arg::Param(self.lookup(source, wire, &coerce, reads)?, default)
            }
            Argument::Body { field } => Arg::Body(field.map(|name| PyString::intern(self.py, &name).unbind())),
            Argument::Group { source, build, fields, default } => Arg::Group {
                source,
                build,
                fields: fields
                    .into_iter()
                    .map(|field| {
                        let keyword = PyString::intern(self.py, &field.keyword).unbind();
                        Ok((keyword, field.required, self.lookup(source, field.wire, &field.coerce, reads)?))
                    })
                    .collect::<PyResult<_>>()?,
                default,
            },
        })
    }

    fn lookup(
        &self,
        source: Source,
        wire: String,
        coerce: &bolt_core::plan::Coerce,
        reads: &mut Reads,
    ) -> PyResult<Lookup> {
        let place = match source {
            Source::Path => Place::Path(self.names.iter().position(|name| *name == wire).ok_or_else(|| {
                PyValueError::new_err(format!("path parameter {wire:?} is not among the path's {:?}", self.names))
            })?),
            Source::Query => {
                reads.query = true;
                Place::Query
            }
            Source::Header => Place::Header(
                HeaderName::from_bytes(wire.as_bytes())
                    .map_err(|_| PyValueError::new_err(format!("{wire:?} is no header name")))?,
            ),
            Source::Cookie => {
                reads.cookies = true;
                Place::Cookie
            }
        };
        let coercer = Coercer::compile(coerce).map_err(PyValueError::new_err)?;
        Ok(Lookup { place, wire, coercer })
    }

    fn object(&self, index: ObjectRef) -> PyResult<Py<PyAny>> {
        self.objects.get(index).map(|object| object.clone_ref(self.py)).ok_or_else(|| bad_reference(index))
    }
}

fn duration(seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|error| PyValueError::new_err(format!("a timeout of {seconds} s: {error}")))
}

fn bad_reference(index: ObjectRef) -> PyErr {
    PyValueError::new_err(format!("the plan refers to object {index}, which did not cross with it"))
}
