//! Calls that Python makes for the pipeline elsewhere: a `def` handler's job, a Task's start.

use std::sync::{Mutex, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::exchange::{Exchange, answered, finish_sync};
use crate::py::current::Current;
use crate::py::{errors, ffi};

/// A `def` handler with its arguments; called once, on the thread that is to run it.
#[pyclass(frozen, module = "django_bolt._core")]
pub(crate) struct Job {
    exchange: Py<Exchange>,
    arguments: Mutex<Option<Vec<Py<PyAny>>>>,
}

impl Job {
    pub(crate) fn new(exchange: Py<Exchange>, arguments: Vec<Py<PyAny>>) -> Self {
        Self { exchange, arguments: Mutex::new(Some(arguments)) }
    }

    fn run(&self, py: Python<'_>) -> PyResult<()> {
        let exchange = self.exchange.get();
        let arguments = self.arguments.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (Some(route), Some(arguments)) = (exchange.route(), arguments) else { return Ok(()) };
        if exchange.is_gone() && !route.shield {
            return Ok(());
        }
        let arguments: Vec<_> = arguments.into_iter().map(|argument| argument.into_bound(py)).collect();
        let value = ffi::call(route.call.bind(py), &arguments, route.keywords.as_ref())?;
        drop(arguments);
        exchange.answer(finish_sync(py, exchange.app(), route, &value)?);
        Ok(())
    }

    fn fail(&self, py: Python<'_>, error: &PyErr) -> PyResult<()> {
        let exchange = self.exchange.get();
        let Some(route) = exchange.route() else { return Ok(()) };
        let answer = route.fail.bind(py).call1((errors::exception(py, error), &self.exchange))?;
        exchange.answer(answered(&answer)?);
        Ok(())
    }
}

#[pymethods]
impl Job {
    /// The request that it is for.
    #[getter]
    fn exchange(&self, py: Python<'_>) -> Py<Exchange> {
        self.exchange.clone_ref(py)
    }

    /// Runs the handler in a context of its own and answers.
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let _current = Current::exchange(self.exchange.clone_ref(py));
        ffi::in_copied_context(py, || match self.run(py) {
            Ok(()) => Ok(()),
            Err(error) => self.fail(py, &error),
        })
    }
}

/// Makes a Task on the loop's own thread and lets it be cancelled from another.
#[pyclass(frozen, module = "django_bolt._core")]
pub(crate) struct Start {
    coroutine: Mutex<Option<Py<PyAny>>>,
    event_loop: Py<PyAny>,
    task: Mutex<Option<Py<PyAny>>>,
}

impl Start {
    pub(crate) fn new(coroutine: Py<PyAny>, event_loop: Py<PyAny>) -> Self {
        Self { coroutine: Mutex::new(Some(coroutine)), event_loop, task: Mutex::new(None) }
    }
}

#[pymethods]
impl Start {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let Some(coroutine) = self.coroutine.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Ok(());
        };
        let keywords = PyDict::new(py);
        keywords.set_item(intern!(py, "loop"), &self.event_loop)?;
        let task = py.import("asyncio")?.getattr("Task")?.call((coroutine,), Some(&keywords))?;
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task.unbind());
        Ok(())
    }

    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|task| task.clone_ref(py));
        match task {
            Some(task) => task.bind(py).call_method0(intern!(py, "cancel")).map(drop),
            None => Ok(()),
        }
    }
}
