//! Handlers: how each kind of them runs on a thread's loop, and what comes of it.

pub(crate) mod exchange;
pub(crate) mod guest;
pub(crate) mod job;
pub(crate) mod seat;
