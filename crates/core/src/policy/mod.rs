//! Whom a server answers, how often, who may read it, and whose word it takes; nothing here may know of a route.

pub mod cors;
pub mod host;
pub mod origin;
pub mod proxy;
pub mod rate;

pub use cors::CorsPolicy;
pub use host::AllowedHosts;
pub use origin::TrustedOrigins;
pub use proxy::{Node, Proto, Told, TrustedProxies};
