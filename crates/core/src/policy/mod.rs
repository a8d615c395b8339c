//! Whom a server answers and whose word it takes: hosts and proxies; nothing here may know of a route.

pub mod host;
pub mod proxy;

pub use host::AllowedHosts;
pub use proxy::{Node, Proto, Told, TrustedProxies};
