//! The one way of a request: match → door → rules → access → body → coerce → bind → call → reply → rules.

pub(crate) mod access;
pub(crate) mod bind;
pub(crate) mod coerce;
pub(crate) mod door;
pub(crate) mod entry;
mod health;
pub(crate) mod origin;
pub(crate) mod rules;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::body::BoxBody;
use actix_http::header::{self, HeaderValue};
use actix_http::{HttpMessage, Request, Response};
use bolt_core::panic::caught;
use bolt_core::reply::{FieldError, accept, validation_body};
use bolt_core::route::{Found, PathParams};
use pyo3::prelude::*;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use self::bind::Binder;
use self::coerce::Parts;
use self::entry::Entry;
use self::rules::{Origins, Rules};
use crate::app::{Compiled, Route};
use crate::body::{BodyError, Pieces};
use crate::handler::exchange::{Exchange, Gone, Origin, answered};
use crate::handler::seat::{Call, Seat, Started};
use crate::py::current::Current;
use crate::py::errors;
use crate::py::request::{Extras, RawRequest};
use crate::reply::{Outcome, Reply};

/// Seconds after which a client that was turned away may try again.
const RETRY_AFTER: &str = "1";

/// Answers one request; a panic on the way is a 500.
pub(crate) async fn serve(seat: &Rc<Seat>, request: Request) -> Response<BoxBody> {
    seat.requests.set(seat.requests.get().wrapping_add(1));
    let mut entry = Entry::begin(seat, request);
    let found = seat.app.tree.find(entry.request.method().as_str(), entry.request.uri().path());
    let rules = Rules::of(&seat.app, &found, &entry.request);
    let origins = Rules::origins(&seat.app, rules, &entry.request);
    let reply = match health::probe(&seat.app, entry.request.path()) {
        None => caught(answer(seat, &mut entry.request, found, rules, origins)).await,
        Some(probe) => {
            entry.leave_out();
            caught(Box::pin(probe.answer(seat, &entry.request))).await
        }
    };
    let mut response = reply.unwrap_or_else(|_| internal_error()).into_response();
    if let Some(rules) = rules {
        let after = caught(rules.after(&entry.request, response)).await;
        response = after.unwrap_or_else(|_| internal_error().into_response());
    }
    if let Some(origins) = origins {
        origins.after(&entry.request, &mut response);
    }
    entry.end(response)
}

async fn answer(
    seat: &Rc<Seat>,
    request: &mut Request,
    found: Found<'_>,
    rules: Option<&Rules>,
    origins: Option<&Origins>,
) -> Reply {
    let Some(_in_flight) = seat.in_flight() else { return busy() };
    if let Err(refusal) = door::enter(seat, request) {
        seat.refused();
        return refusal;
    }
    if let Some(preflight) = origins.and_then(|origins| origins.preflight(request)) {
        return preflight;
    }
    let app = Arc::clone(&seat.app);
    let found = match found {
        Found::Route { id, params, .. } => {
            let Some(route) = app.routes.get(id) else { return internal_error() };
            return Matched { seat, route, id, params }.serve(request, rules).await;
        }
        found => found,
    };
    let refusal = unmatched(seat, request, found, rules).await;
    let Some((id, route)) = fallback(&app, request) else {
        seat.refused();
        return refusal;
    };
    Matched { seat, route, id, params: PathParams::default() }.refuse(request, &Pieces::default(), refusal).await
}

/// The answer where no route gives one.
async fn unmatched(seat: &Rc<Seat>, request: &Request, found: Found<'_>, rules: Option<&Rules>) -> Reply {
    if let Some(rules) = rules
        && let Err(refusal) = rules.before(seat, request, None).await
    {
        return refusal;
    }
    match found {
        Found::MethodNotAllowed { allow } => allowing(Reply::detail(405, "Method Not Allowed"), allow),
        Found::Options { allow } => allowing(Reply::empty(204), allow),
        Found::Redirect { location } => redirect(request, location),
        Found::BadPath(reason) => Reply::detail(400, reason),
        Found::NotFound | Found::Route { .. } => not_found(seat, request),
    }
}

/// The route that is shown what no route answers.
fn fallback<'a>(app: &'a Compiled, request: &Request) -> Option<(usize, &'a Route)> {
    let id = rules::scope(app, request.uri().path())?.fallback?;
    Some((id, app.routes.get(id)?))
}

/// Answers a request whose client waits to be asked for the body, or gives it back: then the body is wanted.
pub(crate) async fn expect(seat: &Rc<Seat>, mut request: Request) -> Result<Request, Response<BoxBody>> {
    let wanted = caught(wants_body(seat, &mut request)).await;
    if matches!(wanted, Ok(true)) { Ok(request) } else { Err(serve(seat, request).await) }
}

/// Asks in the order of the pipeline, as far as no body is needed; what must not be asked twice is kept with the request.
async fn wants_body(seat: &Seat, request: &mut Request) -> bool {
    let found = seat.app.tree.find(request.method().as_str(), request.uri().path());
    let Found::Route { id, .. } = &found else { return false };
    let Some((route, kind)) = seat.app.routes.get(*id).and_then(|route| Some((route, route.body.as_ref()?))) else {
        return false;
    };
    if seat.in_flight().is_none() || !door::would_enter(seat, request) {
        return false;
    }
    let rules = Rules::of(&seat.app, &found, request);
    let origins = Rules::origins(&seat.app, rules, request);
    if origins.is_some_and(|origins| origins.preflight(request).is_some()) {
        return false;
    }
    if let Some(rules) = rules
        && !rules.would_admit(seat, request, route).await
    {
        return false;
    }
    origin::check(seat.app.origins.as_ref(), request, rules).is_ok()
        && access::decide(&seat.app, route, request).is_ok()
        && crate::body::check(kind, request, route.max_body).is_ok()
}

/// Waits for an outcome until there is a reply.
async fn settle(seat: &Rc<Seat>, route: usize, started: Started) -> Reply {
    let mut started = started;
    loop {
        let outcome = match started {
            Started::Ready(outcome) => outcome,
            Started::Pending(receiver, gone) => match wait(receiver, gone).await {
                Some(outcome) => outcome,
                None => return internal_error(),
            },
        };
        match outcome {
            Outcome::Reply(reply) => return reply,
            Outcome::Continue(coroutine) => match Python::attach(|py| seat.deliver(py, coroutine, route)) {
                Ok(next) => started = next,
                Err(error) => return unanswerable(&error),
            },
        }
    }
}

/// The outcome; dropped while waiting, it tells the handler that the client is gone.
async fn wait(receiver: oneshot::Receiver<Outcome>, gone: Gone) -> Option<Outcome> {
    let outcome = receiver.await.ok();
    gone.answered();
    outcome
}

fn internal_error() -> Reply {
    Reply::detail(500, "Internal Server Error")
}

/// As many requests as may be are being answered.
fn busy() -> Reply {
    let after = HeaderValue::from_static(RETRY_AFTER);
    Reply::detail(503, "too many requests at once; try again").with(header::RETRY_AFTER, after).closing()
}

/// An error handler that itself failed: there is nobody left to ask.
fn unanswerable(error: &PyErr) -> Reply {
    Python::attach(|py| error.clone_ref(py).write_unraisable(py, None));
    internal_error()
}

fn allowing(reply: Reply, allow: &str) -> Reply {
    match HeaderValue::from_str(allow) {
        Ok(allow) => reply.with(header::ALLOW, allow),
        Err(_) => reply,
    }
}

fn redirect(request: &Request, mut location: String) -> Reply {
    if let Some(query) = request.uri().query() {
        location.push('?');
        location.push_str(query);
    }
    match HeaderValue::from_str(&location) {
        Ok(location) => Reply::empty(308).with(header::LOCATION, location),
        Err(_) => Reply::detail(404, "Not Found"),
    }
}

/// JSON below a prefix or where the client does not prefer HTML, otherwise Django's handler404.
fn not_found(seat: &Rc<Seat>, request: &Request) -> Reply {
    let html =
        request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(accept::prefers_html);
    if !html || seat.app.below_prefix(request.uri().path()) {
        return Reply::detail(404, "Not Found");
    }
    Python::attach(|py| {
        let raw = raw_request(seat, request, None, Vec::new(), Pieces::default());
        match seat.app.hooks.not_found.bind(py).call1((raw,)).and_then(|answer| Reply::from_python(&answer)) {
            Ok(reply) => reply,
            Err(error) => unanswerable(&error),
        }
    })
}

fn raw_request(
    seat: &Seat,
    request: &Request,
    route: Option<usize>,
    params: Vec<(String, String)>,
    body: Pieces,
) -> RawRequest {
    let app = Arc::clone(&seat.app);
    RawRequest::new(request, Extras { params, body, server: *seat.server.borrow(), app, route })
}

/// What is left of the body is not read, so the connection cannot go on.
fn refuse_body(error: BodyError) -> Reply {
    let reply = match error {
        BodyError::TooLarge(limit) => Reply::detail(413, &format!("expected a body of at most {limit} bytes")),
        BodyError::NotJson(found) => {
            Reply::detail(415, &format!("expected Content-Type application/json, found {found}"))
        }
        BodyError::Late => Reply::detail(408, "Request Timeout"),
        // The connection is closed or closing: nobody reads this.
        BodyError::Broken => Reply::detail(400, "the body ended early or its framing is broken"),
    };
    reply.closing()
}

/// What was made of a request's parameters before Python.
struct Coerced<'a> {
    slots: Vec<coerce::Slot<'a>>,
    errors: Vec<FieldError>,
}

/// A request whose route is known.
struct Matched<'a> {
    seat: &'a Rc<Seat>,
    route: &'a Route,
    id: usize,
    params: PathParams,
}

impl Matched<'_> {
    async fn serve(&self, request: &mut Request, rules: Option<&Rules>) -> Reply {
        let (refusal, body) = match self.admit(request, rules).await {
            Ok(body) => match self.run(request, &body).await {
                Ok(reply) => return reply,
                Err(refusal) => (refusal, body),
            },
            Err(refusal) => (refusal, Pieces::default()),
        };
        self.refuse(request, &body, refusal).await
    }

    /// The body of a request that may go on.
    async fn admit(&self, request: &mut Request, rules: Option<&Rules>) -> Result<Pieces, Reply> {
        if let Some(rules) = rules {
            rules.before(self.seat, request, Some(self.route)).await?;
        }
        origin::check(self.seat.app.origins.as_ref(), request, rules)?;
        if !self.route.guards.is_empty() || self.route.around {
            let access = access::decide(&self.seat.app, self.route, request)?;
            request.extensions_mut().insert(access);
        }
        let Some(kind) = &self.route.body else { return Ok(Pieces::default()) };
        let payload = request.take_payload();
        crate::body::read(kind, request, payload, self.route.max_body).await.map_err(refuse_body)
    }

    /// The answer to a request that no handler sees: the refusal, or what Python makes of it.
    async fn refuse(&self, request: &Request, body: &Pieces, refusal: Reply) -> Reply {
        self.seat.refused();
        let shown = self.route.around || (self.route.python_errors && refusal.status >= 400);
        if !shown {
            return refusal;
        }
        let close = refusal.close;
        // In a box: every connection has room for the longest way of a request.
        let shown = Box::pin(self.within(request, body, || self.show(request, body, &refusal).ok_or(()))).await;
        let Ok(mut reply) = shown else { return refusal };
        reply.close |= close;
        reply
    }

    /// Shows a refusal to what stands around the handler, or else to the error handlers; `None` where it is no error.
    fn show(&self, request: &Request, body: &Pieces, refusal: &Reply) -> Option<Started> {
        Python::attach(|py| {
            let _current = Current::request(request);
            let shown = || {
                let made = self.request(py, request, body)?;
                let refusal = refusal.to_python(py)?;
                if self.route.around {
                    return self.pass(py, &made, refusal).map(Some);
                }
                let error = self.seat.app.hooks.refusal.bind(py).call1((refusal,))?;
                let answered = || self.fail(py, &PyErr::from_value(error.clone()), Origin::Made(made));
                Ok((!error.is_none()).then(answered))
            };
            shown().unwrap_or_else(|error: PyErr| Some(Started::Ready(Outcome::Reply(unanswerable(&error)))))
        })
    }

    /// Calls what stands around the handler with what takes the handler's place: a reply or an exception.
    fn pass(&self, py: Python<'_>, request: &Py<PyAny>, refusal: Bound<'_, PyAny>) -> PyResult<Started> {
        let arguments = vec![request.bind(py).clone(), refusal];
        let origin = || Origin::Made(request.clone_ref(py));
        self.seat.refuse(py, self.route, Call { route: self.id, arguments, origin: &origin })
    }

    /// The handler's answer; an `Err` is what is refused before it is called.
    async fn run(&self, request: &Request, body: &Pieces) -> Result<Reply, Reply> {
        let fields = self.seat.app.server.limits.query_fields;
        let parts = Parts::read(request, &self.params, self.route, fields)
            .map_err(|limit| Reply::detail(400, &format!("expected at most {limit} query parameters")))?;
        let (slots, errors) = parts.coerce(self.route);
        if !errors.is_empty() && !matches!(self.route.body, Some(bolt_core::plan::Body::Json { .. })) {
            return Err(Reply::json(422, validation_body(&errors)));
        }
        self.within(request, body, || self.start(request, body, slots, errors)).await
    }

    /// The answer of what `start` starts, if it comes in time.
    async fn within<E>(
        &self,
        request: &Request,
        body: &Pieces,
        start: impl FnOnce() -> Result<Started, E>,
    ) -> Result<Reply, E> {
        let Some(timeout) = self.route.timeout else { return Ok(settle(self.seat, self.id, start()?).await) };
        let end = Instant::now() + timeout;
        match timeout_at(end, settle(self.seat, self.id, start()?)).await {
            Ok(reply) if Instant::now() < end => Ok(reply),
            _ => Ok(Box::pin(self.time_out(request, body, timeout)).await),
        }
    }

    /// The answer in place of the one that took too long; what was making that is cancelled already.
    async fn time_out(&self, request: &Request, body: &Pieces, timeout: Duration) -> Reply {
        let started = Python::attach(|py| {
            let error = self.seat.app.hooks.timed_out.bind(py).call1((timeout.as_secs_f64(),));
            let error = error.map_or_else(|error| error, PyErr::from_value);
            self.fail(py, &error, self.origin(py, request, body, None))
        });
        settle(self.seat, self.id, started).await
    }

    /// Binds and starts the handler.
    fn start(
        &self,
        request: &Request,
        body: &Pieces,
        slots: Vec<coerce::Slot<'_>>,
        errors: Vec<FieldError>,
    ) -> Result<Started, Reply> {
        Python::attach(|py| {
            let _current = Current::request(request);
            let mut made = None;
            let started = match self.bind(py, request, body, Coerced { slots, errors }, &mut made) {
                Ok(arguments) => {
                    let arguments = arguments?;
                    let origin = || self.origin(py, request, body, made.as_ref());
                    self.seat.start(py, self.route, Call { route: self.id, arguments, origin: &origin })
                }
                Err(error) => Err(error),
            };
            // What cannot be bound, and what no thread is free for.
            let started = started.or_else(|error| match &made {
                Some(made) if self.route.around => self.pass(py, made, errors::exception(py, &error)),
                _ => Err(error),
            });
            Ok(started.unwrap_or_else(|error| self.fail(py, &error, self.origin(py, request, body, made.as_ref()))))
        })
    }

    /// The arguments, as the route's `call` takes them, or the refusal; `made` is the Request where one is wanted.
    fn bind<'py>(
        &self,
        py: Python<'py>,
        request: &Request,
        body: &Pieces,
        coerced: Coerced<'_>,
        made: &mut Option<Py<PyAny>>,
    ) -> PyResult<Result<Vec<Bound<'py, PyAny>>, Reply>> {
        let Coerced { slots, errors } = coerced;
        let mut binder = Binder { py, app: &self.seat.app, route: self.route, errors };
        if self.route.reads.request || self.route.around {
            *made = Some(self.request(py, request, body)?);
        }
        let made = made.as_ref().map(|made| made.bind(py));
        let decoded = binder.body(body)?;
        let mut arguments = binder.arguments(slots, decoded.as_ref(), made)?;
        if !binder.errors.is_empty() {
            return Ok(Err(Reply::json(422, validation_body(&binder.errors))));
        }
        if self.route.around
            && let Some(made) = made
        {
            arguments.splice(..0, [made.clone(), py.None().into_bound(py)]);
        }
        Ok(Ok(arguments))
    }

    fn request(&self, py: Python<'_>, request: &Request, body: &Pieces) -> PyResult<Py<PyAny>> {
        let raw = raw_request(self.seat, request, Some(self.id), self.named_params(), body.clone());
        Ok(self.seat.app.hooks.request.bind(py).call1((raw,))?.unbind())
    }

    fn origin(&self, py: Python<'_>, request: &Request, body: &Pieces, made: Option<&Py<PyAny>>) -> Origin {
        match made {
            Some(made) => Origin::Made(made.clone_ref(py)),
            None => {
                Origin::Raw(Box::new(raw_request(self.seat, request, Some(self.id), self.named_params(), body.clone())))
            }
        }
    }

    fn named_params(&self) -> Vec<(String, String)> {
        let names = self.seat.app.tree.param_names(self.id);
        names
            .iter()
            .enumerate()
            .filter_map(|(index, name)| Some((name.clone(), self.params.get(index)?.to_owned())))
            .collect()
    }

    /// Asks the route's error handlers for an answer to an exception.
    fn fail(&self, py: Python<'_>, error: &PyErr, origin: Origin) -> Started {
        let (sender, _receiver) = oneshot::channel();
        let exchange = Exchange::new(Arc::clone(&self.seat.app), self.id, sender, origin);
        let asked = Py::new(py, exchange)
            .and_then(|exchange| self.route.fail.bind(py).call1((errors::exception(py, error), exchange)))
            .and_then(|answer| answered(&answer));
        self.seat.look(py);
        Started::Ready(asked.unwrap_or_else(|error| Outcome::Reply(unanswerable(&error))))
    }
}
