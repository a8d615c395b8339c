//! `django_bolt._core`: Actix, Tokio and PyO3 around the rules of `bolt-core`.
//!
//! This file is the table of contents; no rule may live in this crate.

use pyo3::prelude::*;

mod app;
mod backends;
mod body;
mod handler;
mod listen;
mod log;
mod pipeline;
mod py;
mod rate;
mod reply;
mod worker;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The compiled half of django-bolt.
#[pymodule]
mod _core {
    #[pymodule_export]
    use crate::app::App;
    #[pymodule_export]
    use crate::handler::exchange::Exchange;
    #[pymodule_export]
    use crate::handler::job::Job;
    #[pymodule_export]
    use crate::py::current::current_request_id;
    #[pymodule_export]
    use crate::py::request::RawRequest;
    #[pymodule_export]
    use crate::worker::Worker;
    #[pymodule_export]
    use crate::worker::remote::Remote;
}
