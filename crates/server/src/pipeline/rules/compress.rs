//! Compresses answers.

use actix_http::body::BoxBody;
use actix_http::{Request, Response};
use bolt_core::plan::Compression;

/// How answers are compressed, ready to be done.
pub(super) struct Compress {
    _config: Compression,
}

impl Compress {
    /// Keeps what is offered.
    pub(super) fn new(config: Compression) -> Self {
        Self { _config: config }
    }

    /// The answer, compressed where that is wanted.
    pub(super) fn after(&self, _request: &Request, response: Response<BoxBody>) -> Response<BoxBody> {
        response
    }
}
