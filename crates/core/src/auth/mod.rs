//! Who a client is and whether it may pass, as far as that can be told without Python.

pub mod guard;
mod identity;

pub use guard::{Standing, stand};
pub use identity::Identity;
