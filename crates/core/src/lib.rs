//! The rules of django-bolt: bytes and data in, data out.
//!
//! Nothing here may open a socket, know of Python, or hold a process-wide value.
#![forbid(unsafe_code)]

pub mod auth;
pub mod body;
pub mod connection;
pub mod log;
pub mod panic;
pub mod param;
mod percent;
pub mod plan;
pub mod policy;
pub mod proxy_protocol;
pub mod reply;
pub mod route;
