//! How a server treats its clients, as it crosses from Python (`python/django_bolt/_plan/server.py`).

use serde::Deserialize;

/// Everything that is the same for all routes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerPlan {
    /// What clients may make the server hold.
    pub limits: Limits,
    /// How long they may keep it waiting.
    pub deadlines: Deadlines,
    /// The certificate; `None`: no TLS.
    pub tls: Option<Tls>,
    /// Bounds on one HTTP/2 connection; `None`: HTTP/1.1 alone.
    pub http2: Option<Http2>,
    /// Django's `ALLOWED_HOSTS`: names, `.domain` for its subdomains as well, `*` for all.
    pub hosts: Vec<String>,
    /// Whose word on their clients is taken.
    pub proxies: Proxies,
    /// How each request is logged; `None`: not at all.
    pub access_log: Option<AccessLog>,
    /// True: `/health` and `/ready` are answered where no route is.
    pub health: bool,
    /// Where rate limits are counted.
    pub rate_limits: RateLimits,
    /// Django's `CSRF_TRUSTED_ORIGINS`; `None`: unsafe requests that bring cookies may come from anywhere (tests).
    pub trusted_origins: Option<Vec<String>>,
    /// Django's `SECURE_PROXY_SSL_HEADER`: a field's name, and its value where the client's connection is encrypted.
    pub secure_header: Option<(String, String)>,
}

/// Bounds on what clients may bring.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Largest body in bytes; more is a 413.
    pub body: usize,
    /// Deepest nesting of a JSON body; more is a 422.
    pub json_depth: usize,
    /// Most fields in a query string; more is a 400.
    pub query_fields: usize,
    /// Bytes of a request's line and fields together; more is a 431.
    pub head: usize,
    /// Most header fields; more is a 431.
    pub fields: usize,
    /// Bytes of a request's target; more is a 414.
    pub url: usize,
    /// Open connections of a process; more are answered 503.
    pub connections: usize,
    /// Requests that a process may be answering; more are answered 503.
    pub in_flight: usize,
}

/// Seconds; 0: any.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadlines {
    /// Of a new connection, to its first byte.
    pub idle: f64,
    /// Of a request's head, from its first byte; 408.
    pub head: f64,
    /// Between two bytes of a body; 408.
    pub body: f64,
    /// Bytes a second of a body on average, after its first 10 s; 408.
    pub body_rate: u64,
    /// Without progress while bytes wait to be written.
    pub write: f64,
    /// Of a connection between two requests; 0 closes behind each answer.
    pub keep_alive: f64,
}

/// Paths of PEM files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate and its chain.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

/// Bounds on one HTTP/2 connection.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http2 {
    /// Requests in flight.
    pub streams: u32,
    /// Streams reset by the client while they are being answered.
    pub resets: usize,
}

/// Whose word on their clients is taken.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proxies {
    /// Addresses and networks; "unix": whoever connects over the Unix socket.
    pub trusted: Vec<String>,
    /// Where they say it.
    pub forwarded: Forwarded,
    /// True: each connection begins with the PROXY protocol.
    pub protocol: bool,
    /// Django's `USE_X_FORWARDED_HOST`.
    pub host: bool,
    /// Django's `USE_X_FORWARDED_PORT`.
    pub port: bool,
}

/// The fields in which a proxy speaks of its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Forwarded {
    /// `X-Forwarded-For`, `-Proto`, `-Host`, `-Port`.
    XForwarded,
    /// RFC 7239.
    Forwarded,
}

/// Where rate limits are counted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimits {
    /// Clients that can be told apart at once, in memory that processes share.
    pub clients: usize,
    /// `redis://…`: there instead, for all machines together.
    pub store: Option<String>,
}

/// How each request is logged.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessLog {
    /// The shape of a line.
    pub format: LogFormat,
    /// Where lines go; `None`: standard output.
    pub file: Option<String>,
    /// Query parameters whose values are not written, in lower case.
    pub mask: Vec<String>,
}

/// The shape of a line of the access log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// The combined format of Apache and nginx.
    Combined,
    /// One JSON object.
    Json,
    /// Handed to Python's `logging`.
    Logging,
}
