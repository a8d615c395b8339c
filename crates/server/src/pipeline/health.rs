//! `/health` and `/ready`, where the project has no routes of its own there.

use std::rc::Rc;

use actix_http::{Method, Request};
use pyo3::prelude::*;

use super::{allowing, internal_error, settle, unanswerable};
use crate::app::Compiled;
use crate::handler::seat::Seat;
use crate::reply::Reply;

/// Stands for "no route" where a coroutine is run for an answer.
const NO_ROUTE: usize = usize::MAX;

/// What is asked.
#[derive(Clone, Copy)]
pub(super) enum Probe {
    /// Whether the process answers.
    Live,
    /// Whether it should be given requests.
    Ready,
}

/// What a path asks, if anything.
pub(super) fn probe(app: &Compiled, path: &str) -> Option<Probe> {
    match path {
        "/health" if app.health.live => Some(Probe::Live),
        "/ready" if app.health.ready => Some(Probe::Ready),
        _ => None,
    }
}

impl Probe {
    pub(super) async fn answer(self, seat: &Rc<Seat>, request: &Request) -> Reply {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return allowing(Reply::detail(405, "Method Not Allowed"), "GET, HEAD");
        }
        match self {
            Self::Live => Reply::json(200, r#"{"status":"ok"}"#),
            Self::Ready if seat.draining.get() => Reply::json(503, r#"{"status":"draining"}"#),
            Self::Ready => ready(seat).await,
        }
    }
}

/// Asks Python, which has the checks.
async fn ready(seat: &Rc<Seat>) -> Reply {
    let Some(ready) = &seat.app.hooks.ready else { return internal_error() };
    let started = Python::attach(|py| ready.call0(py).and_then(|coroutine| seat.deliver(py, coroutine, NO_ROUTE)));
    match started {
        Ok(started) => settle(seat, NO_ROUTE, started).await,
        Err(error) => unanswerable(&error),
    }
}
