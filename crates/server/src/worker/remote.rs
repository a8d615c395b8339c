//! `Remote`: the pipeline on a thread of its own, the handlers on a loop of somebody else's.
//!
//! An async test keeps its loop; everything before and after the handler is what a server runs.

use std::os::fd::RawFd;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::LocalSet;

use super::runtime;
use crate::app::App;
use crate::handler::seat::{Place, Seat};
use crate::listen::Connections;
use crate::py::ffi;

/// A pipeline thread for handlers that run on another thread's loop.
#[pyclass(frozen, module = "django_bolt._core")]
pub(crate) struct Remote {
    streams: Mutex<Option<UnboundedSender<std::os::unix::net::UnixStream>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[pymethods]
impl Remote {
    /// Starts the thread; `event_loop` is the running loop that handlers are to run on.
    #[new]
    fn new(py: Python<'_>, app: &App, event_loop: &Bound<'_, PyAny>, hooks: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (sender, mut receiver) = unbounded_channel();
        let app = Arc::clone(&app.0);
        let event_loop = event_loop.clone().unbind();
        let hooks = hooks.clone().unbind();
        let tokio = runtime()?;
        let _ = py;
        let thread =
            std::thread::Builder::new().name("bolt-pipeline".to_owned()).stack_size(8 << 20).spawn(move || {
                let seat = Python::attach(|py| Seat::new(py, app, Place::There(event_loop), hooks.bind(py)));
                let Ok(seat) = seat else { return };
                let connections = Connections::new(Rc::new(seat), Duration::from_secs(75));
                LocalSet::new().block_on(&tokio, async move {
                    let serve = connections.handler().await;
                    while let Some(stream) = receiver.recv().await {
                        if let Ok(stream) = tokio::net::UnixStream::from_std(stream) {
                            serve(stream.into(), Some(([127, 0, 0, 1], 0).into()));
                        }
                    }
                    connections.stop();
                    connections.drain(Duration::from_secs(1)).await;
                });
            })?;
        Ok(Self { streams: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    /// Serves one end of a socket pair, as if its peer had connected.
    fn connect(&self, descriptor: RawFd) -> PyResult<()> {
        let stream = ffi::adopt_stream(descriptor);
        stream.set_nonblocking(true)?;
        let streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        match streams.as_ref().map(|streams| streams.send(stream)) {
            Some(Ok(())) => Ok(()),
            _ => Err(PyRuntimeError::new_err("the client is closed")),
        }
    }

    /// Ends the thread, at most a second after its last connection was told to close.
    fn close(&self, py: Python<'_>) {
        drop(self.streams.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // It needs the GIL to finish what it is doing.
            py.detach(move || drop(thread.join()));
        }
    }
}
