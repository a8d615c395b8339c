//! Which request a thread is busy with, for log records; nothing here may be used to answer one.
//!
//! A thread's value and no context variable: setting it costs a tenth, and handlers that never wait have no Task.

use std::cell::RefCell;

use actix_http::Request;
use pyo3::intern;
use pyo3::prelude::*;

use crate::handler::exchange::Exchange;
use crate::pipeline::entry::RequestId;

thread_local! {
    static BUSY: RefCell<Option<Busy>> = const { RefCell::new(None) };
}

enum Busy {
    Id(RequestId),
    Exchange(Py<Exchange>),
}

/// Names a request for as long as it lives.
pub(crate) struct Current(Option<Busy>);

impl Current {
    /// A request of which there is no object in Python yet.
    pub(crate) fn request(request: &Request) -> Self {
        Self::set(RequestId::of(request).map(Busy::Id))
    }

    /// One on its way through Python.
    pub(crate) fn exchange(exchange: Py<Exchange>) -> Self {
        Self::set(Some(Busy::Exchange(exchange)))
    }

    fn set(busy: Option<Busy>) -> Self {
        Self(BUSY.replace(busy))
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        drop(BUSY.replace(self.0.take()));
    }
}

/// The id of the request that the calling thread is busy with.
#[pyfunction]
pub(crate) fn current_request_id(py: Python<'_>) -> PyResult<Option<String>> {
    let exchange = BUSY.with_borrow(|busy| match busy {
        None => Ok(None),
        Some(Busy::Id(RequestId(id))) => Err(id.to_str().map(str::to_owned).ok()),
        Some(Busy::Exchange(exchange)) => Ok(Some(exchange.clone_ref(py))),
    });
    match exchange {
        Err(id) => Ok(id),
        Ok(None) => Ok(None),
        Ok(Some(exchange)) => exchange.get().request(py)?.bind(py).getattr(intern!(py, "id"))?.extract(),
    }
}
