//! asyncio as a guest of Tokio on one thread: when to step the loop; nothing here may know of HTTP.
//!
//! The loop's epoll descriptor is watched by Tokio. The loop is stepped (its `select()` never
//! waits) when that descriptor is readable, when callbacks are queued, or when its next timer is
//! due. Nothing overrides `call_soon`: after every entry into Python [`Guest::look`] reads the length
//! of the loop's queue and the head of its timers.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyList;
use tokio::io::Interest;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::py::ffi;

/// The event loop that a worker's thread hosts.
pub(crate) struct Guest {
    pub(crate) event_loop: Py<PyAny>,
    run_once: Py<PyAny>,
    selector: Py<PyAny>,
    ready: Py<PyAny>,
    /// `_run_once` may replace this list, so it is read again after each step.
    timers: RefCell<Py<PyList>>,
    wake: Notify,
    /// When the next timer is due, on the loop's clock.
    due: Cell<Option<f64>>,
    clock: (Instant, f64),
    descriptor: RawFd,
}

impl Guest {
    /// `event_loop` is a `django_bolt._runtime.loop.GuestLoop`.
    pub(crate) fn new(event_loop: &Bound<'_, PyAny>) -> PyResult<Self> {
        let selector = event_loop.getattr("_selector")?;
        Ok(Self {
            run_once: event_loop.getattr("_run_once")?.unbind(),
            ready: event_loop.getattr("_ready")?.unbind(),
            timers: RefCell::new(event_loop.getattr("_scheduled")?.cast_into()?.unbind()),
            wake: Notify::new(),
            due: Cell::new(None),
            clock: (Instant::now(), event_loop.call_method0("time")?.extract()?),
            descriptor: selector.call_method0("fileno")?.extract()?,
            selector: selector.unbind(),
            event_loop: event_loop.clone().unbind(),
        })
    }

    /// Wakes the pump if the entry into Python that just ended left work behind.
    pub(crate) fn look(&self, py: Python<'_>) {
        if self.ready.bind(py).len().is_ok_and(|length| length > 0) || self.next_timer(py) {
            self.wake.notify_one();
        }
    }

    /// Notes the head of the timers; true when it is due sooner than what the pump waits for.
    fn next_timer(&self, py: Python<'_>) -> bool {
        let timers = self.timers.borrow();
        let timers = timers.bind(py);
        if timers.is_empty() {
            self.due.set(None);
            return false;
        }
        let head = timers.get_item(0).and_then(|timer| timer.getattr("_when")).and_then(|when| when.extract::<f64>());
        let Ok(when) = head else { return false };
        let sooner = self.due.get().is_none_or(|due| when < due);
        self.due.set(Some(when));
        sooner
    }

    /// One turn of the loop; true when its selector had nothing.
    fn turn(&self, py: Python<'_>) -> bool {
        if let Err(error) = self.run_once.bind(py).call0() {
            // Only what `BaseException` handlers let through (KeyboardInterrupt, SystemExit) gets here.
            error.write_unraisable(py, Some(self.event_loop.bind(py)));
        }
        if let Ok(timers) = self.event_loop.bind(py).getattr("_scheduled").and_then(|timers| Ok(timers.cast_into()?)) {
            self.timers.replace(timers.unbind());
        }
        self.look(py);
        self.selector.bind(py).getattr("idle").and_then(|idle| idle.is_truthy()).unwrap_or(true)
    }

    fn instant(&self, when: f64) -> Instant {
        let (start, time) = self.clock;
        start + Duration::from_secs_f64((when - time).clamp(0.0, 1e9))
    }

    /// Steps the loop for ever.
    pub(crate) async fn pump(self: Rc<Self>) -> std::io::Result<()> {
        let watched = ffi::watch(self.descriptor, Interest::READABLE)?;
        loop {
            let timer = async {
                match self.due.get() {
                    Some(when) => tokio::time::sleep_until(self.instant(when)).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                readable = watched.readable() => {
                    let mut readable = readable?;
                    // Readiness is edge-triggered: it is cleared only when `select(0)` found nothing.
                    if Python::attach(|py| self.turn(py)) {
                        readable.clear_ready();
                    }
                }
                () = self.wake.notified() => { Python::attach(|py| self.turn(py)); }
                () = timer => { Python::attach(|py| self.turn(py)); }
            }
            // Sockets have their turn between two turns of the loop, however busy it is.
            tokio::task::yield_now().await;
        }
    }
}
