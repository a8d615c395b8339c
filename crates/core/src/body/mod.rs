//! What can be told of a body before it is decoded.
//!
//! Nothing here may decode it.

pub mod depth;
pub mod media;
mod position;
pub mod text;

pub use position::position;
