//! Where handlers run: the worker's own thread, or the loop of an async test; one entry for each kind.

use std::cell::{Cell, OnceCell, RefCell};
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use bolt_core::log::RequestIds;
use bolt_core::plan::HandlerKind;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use tokio::sync::oneshot;

use super::exchange::{Exchange, Gone, Origin, finish_sync, outcome};
use super::guest::Guest;
use super::job::{Job, Start};
use crate::app::{Compiled, Route};
use crate::log::Log;
use crate::py::ffi::{self, Step};
use crate::rate::Link;
use crate::reply::Outcome;

/// The application and the loop that a connection's requests are run on.
pub(crate) struct Seat {
    pub(crate) app: Arc<Compiled>,
    pub(crate) place: Place,
    /// `drive(awaitable, exchange)`.
    pub(crate) drive: Py<PyAny>,
    /// `deliver(coroutine, exchange)`.
    pub(crate) deliver: Py<PyAny>,
    /// `submit(job)`: runs a `def` handler's job somewhere; raises `ServiceUnavailable` when full.
    pub(crate) submit: Py<PyAny>,
    /// `after()`: clean-up after an inline handler.
    pub(crate) after: Py<PyAny>,
    set_running_loop: Py<PyAny>,
    task: Py<PyAny>,
    task_keywords: Py<PyTuple>,
    eager: bool,
    /// The address that is listened on; a test's socket pairs have none.
    pub(crate) server: RefCell<Option<std::net::SocketAddr>>,
    /// Requests being answered.
    in_flight: Cell<usize>,
    /// Requests whose answer began to be made.
    pub(crate) requests: Cell<u64>,
    /// Where requests are noted; a test's are not.
    pub(crate) log: OnceCell<Rc<Log>>,
    /// Ids for requests that come without one.
    pub(crate) ids: RefCell<RequestIds>,
    /// True once it was told to stop.
    pub(crate) draining: Cell<bool>,
    /// How the store of rate limits is reached.
    pub(crate) rate_store: Link,
}

/// One request being answered; dropped with its answer.
pub(crate) struct InFlight<'a>(&'a Cell<usize>);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

/// Whose loop it is.
pub(crate) enum Place {
    /// This thread's.
    Here(Rc<Guest>),
    /// Another thread's, reached by `call_soon_threadsafe`.
    There(Py<PyAny>),
}

/// A call, ready to be made.
pub(crate) struct Call<'a, 'py> {
    pub(crate) route: usize,
    pub(crate) arguments: Vec<Bound<'py, PyAny>>,
    /// What the Request is made from, where the call outlives the pipeline's hold on it.
    pub(crate) origin: &'a dyn Fn() -> Origin,
}

/// What starting a call came to.
pub(crate) enum Started {
    Ready(Outcome),
    Pending(oneshot::Receiver<Outcome>, Gone),
}

impl Seat {
    pub(crate) fn new(py: Python<'_>, app: Arc<Compiled>, place: Place, hooks: &Bound<'_, PyAny>) -> PyResult<Self> {
        let asyncio = py.import("asyncio")?;
        let eager = py.version_info() >= (3, 12);
        let names: &[&str] = if eager { &["loop", "eager_start"] } else { &["loop"] };
        Ok(Self {
            app,
            place,
            drive: hooks.getattr("drive")?.unbind(),
            deliver: hooks.getattr("deliver")?.unbind(),
            submit: hooks.getattr("submit")?.unbind(),
            after: hooks.getattr("after")?.unbind(),
            set_running_loop: asyncio.getattr("_set_running_loop")?.unbind(),
            task: asyncio.getattr("Task")?.unbind(),
            task_keywords: PyTuple::new(py, names)?.unbind(),
            eager,
            server: RefCell::new(None),
            in_flight: Cell::new(0),
            log: OnceCell::new(),
            ids: RefCell::new(RequestIds::new(RandomState::new().hash_one((std::process::id(), SystemTime::now())))),
            draining: Cell::new(false),
            rate_store: Link::default(),
            requests: Cell::new(0),
        })
    }

    /// Counts a request while it is being answered; `None` where there are as many as there may be.
    pub(crate) fn in_flight(&self) -> Option<InFlight<'_>> {
        let count = self.in_flight.get();
        if count >= self.app.server.limits.in_flight {
            return None;
        }
        self.in_flight.set(count + 1);
        Some(InFlight(&self.in_flight))
    }

    /// The loop that handlers see.
    pub(crate) fn event_loop<'a, 'py>(&'a self, py: Python<'py>) -> &'a Bound<'py, PyAny> {
        match &self.place {
            Place::Here(guest) => guest.event_loop.bind(py),
            Place::There(event_loop) => event_loop.bind(py),
        }
    }

    /// Wakes the pump if the entry that just ended left work on the loop.
    pub(crate) fn look(&self, py: Python<'_>) {
        if let Place::Here(guest) = &self.place {
            guest.look(py);
        }
    }

    /// Starts a handler the way its kind wants. An `Err` is the handler's own exception, at once.
    pub(crate) fn start<'py>(
        self: &Rc<Self>,
        py: Python<'py>,
        route: &Route,
        call: Call<'_, 'py>,
    ) -> PyResult<Started> {
        match (route.kind, &self.place) {
            (HandlerKind::Plain, Place::Here(_)) => self.plain(py, route, &call),
            (HandlerKind::Inline, Place::Here(_)) => self.inline(py, route, &call),
            (HandlerKind::Plain | HandlerKind::Coroutine, _) => self.coroutine(py, route, &route.call, &call),
            (HandlerKind::Def | HandlerKind::Inline, _) => self.job(py, call),
        }
    }

    fn plain(&self, py: Python<'_>, route: &Route, call: &Call<'_, '_>) -> PyResult<Started> {
        let result = ffi::in_copied_context(py, || {
            let coroutine = ffi::call(route.call.bind(py), &call.arguments, route.keywords.as_ref())?;
            match ffi::step(&coroutine)? {
                Step::Returned(value) => outcome(py, &self.app, route, &value),
                Step::Suspended => {
                    coroutine.call_method0(intern!(py, "close"))?;
                    Err(PyRuntimeError::new_err("a handler planned as having no suspension point suspended"))
                }
            }
        });
        self.look(py);
        result.map(Started::Ready)
    }

    fn inline(&self, py: Python<'_>, route: &Route, call: &Call<'_, '_>) -> PyResult<Started> {
        let result = self.without_loop(py, || {
            let result = ffi::in_copied_context(py, || {
                let value = ffi::call(route.call.bind(py), &call.arguments, route.keywords.as_ref())?;
                finish_sync(py, &self.app, route, &value)
            });
            self.after.bind(py).call0()?;
            result
        });
        self.look(py);
        result.map(Started::Ready)
    }

    /// Tells Python of a request that no handler saw, where it wants to know.
    pub(crate) fn refused(&self) {
        if let Some(refused) = &self.app.hooks.refused {
            Python::attach(|py| {
                let told = self.without_loop(py, || ffi::in_copied_context(py, || refused.bind(py).call0().map(drop)));
                if let Err(error) = told {
                    error.write_unraisable(py, None);
                }
            });
        }
    }

    /// Runs `body` as plain synchronous code: Django sees no running loop and finds the thread's
    /// own connections (with a loop, every Task would silently open a new one).
    fn without_loop<T>(&self, py: Python<'_>, body: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
        let Place::Here(guest) = &self.place else { return body() };
        self.set_running_loop.bind(py).call1((py.None(),))?;
        let result = body();
        self.set_running_loop.bind(py).call1((&guest.event_loop,))?;
        result
    }

    /// Starts what answers a refused request in the place of the handler.
    pub(crate) fn refuse<'py>(
        self: &Rc<Self>,
        py: Python<'py>,
        route: &Route,
        call: Call<'_, 'py>,
    ) -> PyResult<Started> {
        match &route.refuse {
            Some(refuse) => self.coroutine(py, route, refuse, &call),
            None => self.start(py, route, call),
        }
    }

    fn coroutine(
        self: &Rc<Self>,
        py: Python<'_>,
        route: &Route,
        function: &Py<PyAny>,
        call: &Call<'_, '_>,
    ) -> PyResult<Started> {
        let awaitable = ffi::call(function.bind(py), &call.arguments, route.keywords.as_ref())?;
        self.task(py, &self.drive, awaitable, call.route, (call.origin)(), route.shield)
    }

    /// Runs a coroutine that returns a reply: the rest of an answer that could not be given at once.
    pub(crate) fn deliver(self: &Rc<Self>, py: Python<'_>, coroutine: Py<PyAny>, route: usize) -> PyResult<Started> {
        self.task(py, &self.deliver, coroutine.into_bound(py), route, Origin::None, false)
    }

    fn task<'py>(
        self: &Rc<Self>,
        py: Python<'py>,
        runner: &Py<PyAny>,
        awaitable: Bound<'py, PyAny>,
        route: usize,
        origin: Origin,
        shield: bool,
    ) -> PyResult<Started> {
        let (sender, mut receiver) = oneshot::channel();
        let exchange = Bound::new(py, Exchange::new(Arc::clone(&self.app), route, sender, origin))?;
        let coroutine = ffi::call(runner.bind(py), &[awaitable, exchange.clone().into_any()], None)?;
        let task = match &self.place {
            Place::Here(_) => self.spawn(py, coroutine)?,
            Place::There(event_loop) => {
                let start = Bound::new(py, Start::new(coroutine.unbind(), event_loop.clone_ref(py)))?;
                event_loop.bind(py).call_method1(intern!(py, "call_soon_threadsafe"), (&start,))?;
                start.into_any()
            }
        };
        self.look(py);
        if let Ok(outcome) = receiver.try_recv() {
            return Ok(Started::Ready(outcome));
        }
        Ok(Started::Pending(receiver, self.gone(exchange.unbind(), task.unbind(), shield)))
    }

    /// An eager Task; on 3.11, which has none, a Task whose first step is taken off the queue and run.
    fn spawn<'py>(&self, py: Python<'py>, coroutine: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let event_loop = self.event_loop(py).clone();
        let kind = self.task.bind(py);
        if self.eager {
            let eager = pyo3::types::PyBool::new(py, true).to_owned().into_any();
            return ffi::call(kind, &[coroutine, event_loop, eager], Some(&self.task_keywords));
        }
        let task = ffi::call(kind, &[coroutine, event_loop.clone()], Some(&self.task_keywords))?;
        let handle = event_loop.getattr(intern!(py, "_ready"))?.call_method0(intern!(py, "pop"))?;
        handle.call_method0(intern!(py, "_run"))?;
        Ok(task)
    }

    /// What happens when the client leaves before the answer: the task is cancelled.
    fn gone(self: &Rc<Self>, exchange: Py<Exchange>, task: Py<PyAny>, shield: bool) -> Gone {
        let seat = Rc::clone(self);
        Gone::new(move || {
            Python::attach(|py| {
                exchange.get().set_gone();
                if !shield {
                    match &seat.place {
                        Place::Here(_) => {
                            if let Err(error) = task.bind(py).call_method0(intern!(py, "cancel")) {
                                error.write_unraisable(py, None);
                            }
                        }
                        Place::There(event_loop) => {
                            // A loop that is closed has nothing left to cancel.
                            drop(task.bind(py).getattr(intern!(py, "cancel")).and_then(|cancel| {
                                event_loop.bind(py).call_method1(intern!(py, "call_soon_threadsafe"), (cancel,))
                            }));
                        }
                    }
                    seat.look(py);
                }
            });
        })
    }

    fn job<'py>(self: &Rc<Self>, py: Python<'py>, call: Call<'_, 'py>) -> PyResult<Started> {
        let (sender, mut receiver) = oneshot::channel();
        let arguments = call.arguments.into_iter().map(Bound::unbind).collect();
        let exchange = Py::new(py, Exchange::new(Arc::clone(&self.app), call.route, sender, (call.origin)()))?;
        let job = Py::new(py, Job::new(exchange.clone_ref(py), arguments))?;
        self.submit.bind(py).call1((job,))?;
        self.look(py);
        match receiver.try_recv() {
            Ok(outcome) => Ok(Started::Ready(outcome)),
            // A thread cannot be cancelled: a client that leaves is only noted.
            Err(_) => Ok(Started::Pending(receiver, Gone::new(move || exchange.get().set_gone()))),
        }
    }
}
