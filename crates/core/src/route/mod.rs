//! Which route a method and a raw path belong to, and what was captured on the way.
//!
//! Nothing here may read a body, coerce a parameter or know what a route does.

mod error;
mod params;
mod path;
mod pattern;
mod table;
mod tree;

pub use error::RouteError;
pub use params::{PathParams, PathParamsIter};
pub use tree::{Found, RouteTree};
