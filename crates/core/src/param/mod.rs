//! Text of a request becomes values: the grammar and the bounds of every scalar.
//!
//! Nothing here may call Python; what only Python can convert passes through as text.

mod bounds;
mod calendar;
mod coerce;
pub mod cookie;
mod invalid;
mod list;
mod number;
mod pattern;
pub mod query;
mod string;
mod temporal;
mod uuid;
mod value;

pub use coerce::Coercer;
pub use invalid::Invalid;
pub use value::{Date, Datetime, Time, Value};
