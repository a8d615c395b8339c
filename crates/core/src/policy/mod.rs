//! Whom a server answers, how often, and whose word it takes; nothing here may know of a route.

pub mod host;
pub mod origin;
pub mod proxy;
pub mod rate;

pub use host::AllowedHosts;
pub use origin::TrustedOrigins;
pub use proxy::{Node, Proto, Told, TrustedProxies};
