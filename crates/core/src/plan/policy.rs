//! What is decided about a request before its handler, as it crosses from Python (`python/django_bolt/_plan/policy.py`).

use serde::Deserialize;

use super::ObjectRef;

/// What holds below a path, where no route answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Path without a slash at its end; "" for everything.
    pub prefix: String,
    /// What is done with its requests.
    pub policies: Policies,
    /// A route without a place in the tree, whose `call` is shown what no route answers; `None`: nobody is.
    pub fallback: Option<usize>,
}

/// What is done with requests and answers, wherever they come from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policies {
    /// Which other origins may read the answers; `None`: nothing is said.
    pub cors: Option<Cors>,
    /// How often one client may ask; each holds on its own.
    pub rate_limits: Vec<RateLimit>,
    /// How answers are compressed; `None`: not at all.
    pub compression: Option<Compression>,
}

impl Policies {
    /// True where nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.cors.is_none() && self.rate_limits.is_empty() && self.compression.is_none()
    }
}

/// Cross-origin resource sharing, as the Fetch standard has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// Origins such as `https://example.com`; `*` for all.
    pub origins: Vec<String>,
    /// Regular expressions of which one must match an origin as a whole.
    pub origin_regexes: Vec<String>,
    /// Methods that a preflight allows; `*` for all.
    pub methods: Vec<String>,
    /// Request fields that a preflight allows; `*` for all.
    pub headers: Vec<String>,
    /// True: with cookies and credentials.
    pub credentials: bool,
    /// Fields of an answer that scripts may read.
    pub expose: Vec<String>,
    /// Seconds that a browser may keep a preflight's answer.
    pub max_age: u32,
}

/// How often one client may ask.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Routes whose limits have the same name are counted together.
    pub bucket: String,
    /// Requests in a window.
    pub requests: u32,
    /// Seconds.
    pub window: f64,
    /// Requests that may come at once.
    pub burst: u32,
    /// Who is one client.
    pub key: RateKey,
}

/// Who is one client of a rate limit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum RateKey {
    /// An address (of IPv6 its /64), behind trusted proxies the client's.
    Ip,
    /// Who is authenticated; others by address.
    User,
    /// The value of a header field; requests without it by address.
    Header {
        /// In lower case.
        name: String,
    },
}

/// How answers are compressed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compression {
    /// What is offered, the preferred first.
    pub encodings: Vec<Encoding>,
    /// Bytes of the smallest answer that is compressed.
    pub minimum_size: usize,
}

/// A content coding (RFC 9110 8.4.1) and how hard it tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encoding {
    /// Which.
    pub coding: Coding,
    /// Its level, on its own scale.
    pub level: i32,
}

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

/// How a client proves who it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Backend {
    /// A signed token (RFC 7519).
    Jwt(Jwt),
    /// A key from a fixed set.
    ApiKey {
        /// Header field, in lower case.
        header: String,
        /// A list of keys (`str`), each with the claims that it proves (JSON as `bytes`), kept out of the plan's text.
        keys: ObjectRef,
    },
    /// Python alone can tell.
    Python,
}

/// How a signed token is checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// Header field, in lower case, that holds `Bearer TOKEN`; `None`: not looked for there.
    pub header: Option<String>,
    /// Cookie that holds the token; `None`: not looked for there.
    pub cookie: Option<String>,
    /// A list of `str` or `bytes` (shared secrets, or PEM public keys), the one in use first, kept out of the plan's
    /// text; `None`: keys come later, by `App.set_keys`.
    pub key: Option<ObjectRef>,
    /// The only algorithms that are accepted: `HS256`, `RS256`, `ES256`, `EdDSA` …; none: those that go with the keys.
    pub algorithms: Vec<String>,
    /// One of these must be among `aud`; empty: any, even none.
    pub audience: Vec<String>,
    /// `iss` must be one of these; empty: any, even none.
    pub issuer: Vec<String>,
    /// Seconds by which clocks may differ.
    pub leeway: u64,
}

/// What a client must be, or is refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Guard {
    /// Anybody.
    AllowAny,
    /// Somebody.
    Authenticated,
    /// A claim that is `true`; without the claim Python is asked.
    Flag {
        /// Name of the claim.
        claim: String,
    },
    /// A claim that lists names; without the claim Python is asked.
    Names {
        /// Name of the claim.
        claim: String,
        /// The names.
        names: Vec<String>,
        /// True: all of them must be there; false: one of them.
        all: bool,
    },
    /// Python alone can tell.
    Python,
}
