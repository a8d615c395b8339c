//! The Python side of the boundary: raw calls, values, the request, errors.

pub(crate) mod current;
pub(crate) mod errors;
pub(crate) mod ffi;
pub(crate) mod request;
pub(crate) mod value;
