//! `Exchange`: one request on its way through Python, from the handler's start to its reply.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyBytes;
use tokio::sync::oneshot;

use crate::app::{Compiled, Route};
use crate::py::request::RawRequest;
use crate::py::{errors, ffi};
use crate::reply::{Outcome, Reply};

/// Handed to the Python code that runs a handler; whoever finishes it first answers.
#[pyclass(frozen, module = "django_bolt._core")]
pub(crate) struct Exchange {
    app: Arc<Compiled>,
    route: usize,
    sender: Mutex<Option<oneshot::Sender<Outcome>>>,
    raw: Mutex<Option<Box<RawRequest>>>,
    request: PyOnceLock<Py<PyAny>>,
    gone: AtomicBool,
}

/// Tells the exchange and its task that the client is gone; made inert by [`Gone::answered`].
pub(crate) struct Gone(Option<Box<dyn FnOnce()>>);

impl Gone {
    pub(crate) fn new(tell: impl FnOnce() + 'static) -> Self {
        Self(Some(Box::new(tell)))
    }

    /// The answer came: nobody is told.
    pub(crate) fn answered(mut self) {
        self.0 = None;
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        if let Some(tell) = self.0.take() {
            tell();
        }
    }
}

impl Exchange {
    pub(crate) fn new(app: Arc<Compiled>, route: usize, sender: oneshot::Sender<Outcome>, origin: Origin) -> Self {
        let request = PyOnceLock::new();
        let raw = match origin {
            Origin::Raw(raw) => Some(raw),
            Origin::Made(made) => {
                // It was just created, so nothing can be in it.
                Python::attach(|py| drop(request.set(py, made)));
                None
            }
            Origin::None => None,
        };
        Self {
            app,
            route,
            sender: Mutex::new(Some(sender)),
            raw: Mutex::new(raw),
            request,
            gone: AtomicBool::new(false),
        }
    }

    pub(crate) fn route(&self) -> Option<&Route> {
        self.app.routes.get(self.route)
    }

    pub(crate) fn app(&self) -> &Compiled {
        &self.app
    }

    pub(crate) fn set_gone(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }

    /// True once nobody waits for the answer.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    pub(crate) fn answer(&self, outcome: Outcome) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // The receiver is gone when the client is.
            drop(sender.send(outcome));
        }
    }
}

/// What the Request of an exchange is made from.
pub(crate) enum Origin {
    /// Made when somebody asks.
    Raw(Box<RawRequest>),
    /// The handler got it already: the same object for everybody.
    Made(Py<PyAny>),
    /// There is none to be had any more.
    None,
}

/// Turns what a handler returned into an outcome.
pub(crate) fn outcome(py: Python<'_>, app: &Compiled, route: &Route, value: &Bound<'_, PyAny>) -> PyResult<Outcome> {
    if let Some(encode) = route.encoders.bind(py).get_item(value.get_type())? {
        match encode.call1((value,)) {
            Ok(encoded) => {
                let bytes = Bytes::copy_from_slice(encoded.cast::<PyBytes>()?.as_bytes());
                return Ok(Outcome::Reply(Reply::json(route.status, bytes)));
            }
            // Rows whose relations are not loaded yet: `finish` reads them on a thread.
            Err(error) if error.is_instance(py, app.hooks.blocks.bind(py)) => {}
            Err(error) => return Err(error),
        }
    }
    if value.is_instance(app.hooks.response.bind(py))?
        && value.getattr(intern!(py, "__bolt_response__"))?.is_truthy()?
    {
        // What `finish` would do, without its frame (0.3 µs).
        return answered(&value.call_method0(intern!(py, "as_reply"))?);
    }
    answered(&route.finish.bind(py).call1((value,))?)
}

/// The outcome of a `def` handler; a value with clean-up is cleaned up once its answer is made.
pub(crate) fn finish_sync(
    py: Python<'_>,
    app: &Compiled,
    route: &Route,
    value: &Bound<'_, PyAny>,
) -> PyResult<Outcome> {
    if !ffi::is_exactly(value, app.hooks.deferred.bind_borrowed(py)) {
        return outcome(py, app, route, value);
    }
    let result = outcome(py, app, route, &value.getattr(intern!(py, "value"))?);
    clean_up(value, result)
}

/// Lets a `Deferred` clean up once its value was answered, or failed to be.
fn clean_up<T>(deferred: &Bound<'_, PyAny>, result: PyResult<T>) -> PyResult<T> {
    let py = deferred.py();
    match &result {
        Ok(_) => deferred.call_method0(intern!(py, "cleanup"))?,
        Err(error) => deferred.call_method1(intern!(py, "cleanup"), (errors::exception(py, error),))?,
    };
    result
}

/// Reads `(status, headers, body)`, or keeps the coroutine that will return it.
pub(crate) fn answered(answer: &Bound<'_, PyAny>) -> PyResult<Outcome> {
    if answer.is_exact_instance_of::<pyo3::types::PyTuple>() {
        return Reply::from_python(answer).map(Outcome::Reply);
    }
    Ok(Outcome::Continue(answer.clone().unbind()))
}

#[pymethods]
impl Exchange {
    /// The Request, made once.
    #[getter]
    pub(crate) fn request(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if let Some(made) = self.request.get(py) {
            return Ok(made.clone_ref(py));
        }
        let raw = self.raw.lock().unwrap_or_else(PoisonError::into_inner).take();
        match raw {
            None => Ok(py.None()),
            Some(raw) => {
                let made = self.app.hooks.request.bind(py).call1((*raw,))?.unbind();
                Ok(self.request.get_or_init(py, || made).clone_ref(py))
            }
        }
    }

    /// Which of the plan's routes it is for.
    #[getter]
    fn route_index(&self) -> usize {
        self.route
    }

    /// True once the client is gone.
    #[getter]
    fn gone(&self) -> bool {
        self.is_gone()
    }

    /// Answers with a handler's return value; a coroutine has to be awaited for the reply to `send`.
    pub(crate) fn done(&self, py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
        let Some(route) = self.route() else { return Ok(None) };
        match outcome(py, &self.app, route, value)? {
            Outcome::Continue(coroutine) => Ok(Some(coroutine)),
            reply @ Outcome::Reply(_) => {
                self.answer(reply);
                Ok(None)
            }
        }
    }

    /// Answers for an exception; a coroutine has to be awaited for the reply to `send`.
    fn fail(slf: &Bound<'_, Self>, exception: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
        let py = slf.py();
        let this = slf.get();
        let Some(route) = this.route() else { return Ok(None) };
        match answered(&route.fail.bind(py).call1((exception, slf))?)? {
            Outcome::Continue(coroutine) => Ok(Some(coroutine)),
            reply @ Outcome::Reply(_) => {
                this.answer(reply);
                Ok(None)
            }
        }
    }

    /// Answers with `(status, headers, body)`.
    fn send(&self, reply: &Bound<'_, PyAny>) -> PyResult<()> {
        self.answer(Outcome::Reply(Reply::from_python(reply)?));
        Ok(())
    }
}
