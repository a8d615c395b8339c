//! `Worker`: one thread that owns a Tokio runtime with an asyncio loop as its guest.

pub(crate) mod remote;

use std::cell::Cell;
use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use pyo3::exceptions::{PyRuntimeError, PyTimeoutError};
use pyo3::prelude::*;
use tokio::io::Interest;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::task::LocalSet;

use crate::app::App;
use crate::handler::guest::Guest;
use crate::handler::seat::{Place, Seat};
use crate::listen::socket::Listener;
use crate::listen::{Connections, Serving};
use crate::log::Log;
use crate::py::ffi::{self, ThreadBound};

/// A thread that serves: the server's, or for the length of a client a test's.
#[pyclass(frozen, module = "django_bolt._core")]
pub(crate) struct Worker(ThreadBound<Hosting>);

/// What a worker's thread owns. The tasks are dropped before the runtime that their sockets and timers belong to.
struct Hosting {
    local: LocalSet,
    seat: Rc<Seat>,
    serving: Serving,
    /// Whether it was told to stop, which may be before it serves.
    stopped: Cell<bool>,
    runtime: Patient,
}

/// A runtime that is not waited for when it is dropped: a collector may run inside another
/// worker's turn, where waiting is not allowed.
struct Patient(Option<Runtime>);

impl Drop for Patient {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Called with anything, wakes whoever waits.
#[pyclass(frozen)]
struct Wake(Arc<Notify>);

#[pymethods]
impl Wake {
    #[pyo3(signature = (*_args))]
    fn __call__(&self, _args: &Bound<'_, PyAny>) {
        self.0.notify_one();
    }
}

/// The runtime every worker thread has.
pub(crate) fn runtime() -> PyResult<Runtime> {
    Builder::new_current_thread().enable_all().build().map_err(PyErr::from)
}

impl Hosting {
    fn block_on<T>(&self, py: Python<'_>, future: impl Future<Output = T>) -> PyResult<T> {
        match &self.runtime.0 {
            Some(runtime) => Ok(ffi::detached(py, || self.local.block_on(runtime, future))),
            None => Err(PyRuntimeError::new_err("the worker is closed")),
        }
    }

    /// Opens the access log, where there is one; its writer is a thread, so this comes behind every fork.
    fn open_log(&self, py: Python<'_>) -> PyResult<()> {
        let app = &self.seat.app;
        if let Some(plan) = &app.server.access_log {
            let log = Log::start(plan, app.hooks.access_log.clone_ref(py))?;
            // It serves once: nothing can be there yet.
            drop(self.seat.log.set(log));
        }
        Ok(())
    }

    fn connections(&self, keep_alive: Duration) -> Rc<Connections> {
        Rc::clone(self.serving.borrow_mut().get_or_insert_with(|| Connections::new(Rc::clone(&self.seat), keep_alive)))
    }
}

#[pymethods]
impl Worker {
    /// Hosts `event_loop` (a `GuestLoop`) on the calling thread.
    #[new]
    fn new(py: Python<'_>, app: &App, event_loop: &Bound<'_, PyAny>, hooks: &Bound<'_, PyAny>) -> PyResult<Self> {
        let guest = Rc::new(Guest::new(event_loop)?);
        let seat = Rc::new(Seat::new(py, Arc::clone(&app.0), Place::Here(Rc::clone(&guest)), hooks)?);
        let local = LocalSet::new();
        local.spawn_local(guest.pump());
        Ok(Self(ThreadBound::new(Hosting {
            local,
            seat,
            serving: Serving::default(),
            stopped: Cell::new(false),
            runtime: Patient(Some(runtime()?)),
        })))
    }

    /// Runs the loop until an asyncio future (or task) is done.
    fn run_until(&self, py: Python<'_>, future: &Bound<'_, PyAny>) -> PyResult<()> {
        let done = Arc::new(Notify::new());
        future.call_method1("add_done_callback", (Wake(Arc::clone(&done)),))?;
        let hosting = self.0.get()?;
        hosting.seat.look(py);
        hosting.block_on(py, done.notified())
    }

    /// Accepts from a detached listening socket until `stop()`, then drains for at most `grace` seconds.
    fn serve(&self, py: Python<'_>, descriptor: RawFd, keep_alive: f64, grace: f64) -> PyResult<()> {
        let hosting = self.0.get()?;
        let socket = ffi::adopt_listener(descriptor);
        hosting.open_log(py)?;
        let connections = hosting.connections(Duration::from_secs_f64(keep_alive));
        if hosting.stopped.get() {
            connections.stop();
        }
        let served: PyResult<io::Result<()>> = hosting.block_on(py, async move {
            let listener = Listener::new(socket)?;
            connections.listens_on(listener.address());
            connections.accept(listener).await;
            connections.drain(Duration::from_secs_f64(grace)).await;
            Ok(())
        });
        if let Some(log) = hosting.seat.log.get() {
            log.finish(py);
        }
        Ok(served??)
    }

    /// Ends `serve()`, at once where it has not begun; called on the worker's thread.
    fn stop(&self) -> PyResult<()> {
        let hosting = self.0.get()?;
        hosting.stopped.set(true);
        hosting.seat.draining.set(true);
        if let Some(connections) = hosting.serving.borrow().as_ref() {
            connections.stop();
        }
        Ok(())
    }

    /// How many requests it has taken.
    fn requests(&self) -> PyResult<u64> {
        Ok(self.0.get()?.seat.requests.get())
    }

    /// Ends what is left of it; only on its own thread, and not from code that it runs.
    fn close(&self) -> PyResult<()> {
        drop(self.0.take()?);
        Ok(())
    }

    /// Serves one end of a socket pair, as if its peer had connected.
    fn connect(&self, py: Python<'_>, descriptor: RawFd) -> PyResult<()> {
        let stream = ffi::adopt_stream(descriptor);
        stream.set_nonblocking(true)?;
        let hosting = self.0.get()?;
        let connections = hosting.connections(Duration::from_secs(75));
        let connected: io::Result<()> = hosting.block_on(py, async move {
            let serve = connections.handler().await;
            serve(tokio::net::UnixStream::from_std(stream)?.into(), Some(([127, 0, 0, 1], 0).into()));
            Ok(())
        })?;
        Ok(connected?)
    }

    /// Runs until the client's end of a socket pair is readable (or writable); `TimeoutError` after `timeout` seconds.
    fn wait(&self, py: Python<'_>, descriptor: RawFd, writable: bool, timeout: Option<f64>) -> PyResult<()> {
        let interest = if writable { Interest::WRITABLE } else { Interest::READABLE };
        let ready: io::Result<bool> = self.0.get()?.block_on(py, async move {
            let watched = ffi::watch(descriptor, interest)?;
            let limit = Duration::from_secs_f64(timeout.unwrap_or(1e9).clamp(0.0, 1e9));
            match tokio::time::timeout(limit, watched.ready(interest)).await {
                Ok(ready) => ready.map(|_| true),
                Err(_) => Ok(false),
            }
        })?;
        if ready? { Ok(()) } else { Err(PyTimeoutError::new_err("the server did not get there in time")) }
    }

    /// Lets everything that is ready run, `turns` times.
    fn turn(&self, py: Python<'_>, turns: usize) -> PyResult<()> {
        if turns > 1_000_000 {
            return Err(PyRuntimeError::new_err("expected at most 1,000,000 turns"));
        }
        let hosting = self.0.get()?;
        hosting.seat.look(py);
        hosting.block_on(py, async move {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
        })
    }
}
