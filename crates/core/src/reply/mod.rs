//! Words of the answers that Rust gives by itself.
//!
//! Nothing here may decide whether a request is refused.

pub mod accept;
pub mod encoding;
mod error;
mod quality;

pub use error::{ErrorType, FieldError, Loc, detail_body, validation_body};
