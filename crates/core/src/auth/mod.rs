//! Who a client is and whether it may pass, as far as that can be told without Python.

mod api_key;
mod authenticator;
pub mod authorization;
pub mod guard;
mod identity;
pub mod jwt;

pub use api_key::ApiKeys;
pub use authenticator::{Authenticator, Fields};
pub use guard::{Standing, stand};
pub use identity::{Identity, Subject};
