//! Whom a server answers and whose word it takes: hosts, origins and proxies; nothing here may know of a route.

pub mod host;
pub mod origin;
pub mod proxy;

pub use host::AllowedHosts;
pub use origin::TrustedOrigins;
pub use proxy::{Node, Proto, Told, TrustedProxies};
