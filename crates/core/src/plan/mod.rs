//! The plan as it crosses from Python: what was declared, decided once, read for every request.
//!
//! `python/django_bolt/_plan/model.py` is the other half; the two must name the same fields, and
//! `tests/contract/plan.json` is read by both test suites. An unknown field is an error here.

use serde::Deserialize;

pub use self::policy::{Backend, Coding, Compression, Cors, Encoding, Guard, Jwt, Policies, RateKey, RateLimit, Scope};
pub use self::server::{
    AccessLog, Deadlines, Forwarded, Http2, Limits, LogFormat, Proxies, RateLimits, ServerPlan, Tls,
};

mod policy;
mod server;

/// An index into the list of Python objects that crosses beside the plan.
pub type ObjectRef = usize;

/// Everything one server or test client serves.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppPlan {
    /// All routes, in the order of their ids; those without a method come last and have no place in the tree.
    pub routes: Vec<RoutePlan>,
    /// Path prefixes (no trailing slash) below which an unknown path is answered in JSON.
    pub prefixes: Vec<String>,
    /// What holds where no route answers: of those whose prefix fits, the longest.
    pub scopes: Vec<Scope>,
    /// How clients prove who they are; routes refer to them by index.
    pub backends: Vec<Backend>,
    /// How clients are treated.
    pub server: ServerPlan,
}

/// How a handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandlerKind {
    /// A coroutine function without a suspension point: stepped once, no Task.
    Plain,
    /// A coroutine function: an eager Task on the worker's loop.
    Coroutine,
    /// A plain function, run in the worker's threads.
    Def,
    /// A plain function, run where it stands with the running loop cleared.
    Inline,
}

/// One method of one path.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutePlan {
    /// Upper-case HTTP method.
    pub method: String,
    /// Pattern with `{name}` and `{name:path}` segments, prefix included.
    pub path: String,
    /// How `call` is run.
    pub kind: HandlerKind,
    /// True: not cancelled when the client is gone.
    pub shield: bool,
    /// Status of a plain return value.
    pub status: u16,
    /// Largest body in bytes; `None`: the server's limit.
    pub max_body: Option<usize>,
    /// Seconds after which the handler is cancelled (504); `None`: never.
    pub timeout: Option<f64>,
    /// True: refusals (422) are shown to Python error handlers.
    pub python_errors: bool,
    /// Arguments of `call`, in order.
    pub args: Vec<Argument>,
    /// What is done with its requests and answers.
    pub policies: Policies,
    /// Indices of the backends that are asked in turn who the client is.
    pub auth: Vec<usize>,
    /// What the client must be, in turn.
    pub guards: Vec<Guard>,
    /// True: `call` takes the Request and a refusal before its arguments, and answers refused requests too.
    pub around: bool,
    /// `refuse(request, refusal)`: a coroutine function that answers these, where `call` is for a thread.
    pub refuse: Option<ObjectRef>,
    /// Names of the last `keywords.len()` arguments, which are passed by keyword.
    pub keywords: Vec<String>,
    /// The JSON or raw body, where an argument wants it.
    pub body: Option<Body>,
    /// What is called with the arguments.
    pub call: ObjectRef,
    /// A dict of `encode(value) -> bytes` by the type of the value, for those that are answered as JSON; it may grow.
    pub encoders: ObjectRef,
    /// `finish(value) -> (status, headers, body) | coroutine`: any other return value.
    pub finish: ObjectRef,
    /// `fail(exception, exchange) -> (status, headers, body) | coroutine`.
    pub fail: ObjectRef,
}

/// Where one argument of the callable comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Argument {
    /// The Request object.
    Request,
    /// A path, query, header or cookie parameter.
    Param(Param),
    /// The decoded body (`field` is `None`) or one attribute of it.
    Body {
        /// Attribute of the decoded body.
        field: Option<String>,
    },
    /// A Struct, dataclass or `TypedDict` built from parameters by keyword.
    Group {
        /// Where its fields come from.
        source: Source,
        /// `build(**fields)`.
        build: ObjectRef,
        /// One for each field; a missing optional one is left out of the call.
        fields: Vec<GroupField>,
        /// Value used when no field at all is present.
        default: Option<ObjectRef>,
    },
}

/// One field of a group.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupField {
    /// Keyword for `build`.
    pub keyword: String,
    /// True: absent is a `missing_field` error.
    pub required: bool,
    /// Name on the wire (headers in lower case).
    pub wire: String,
    /// How its text becomes a value.
    pub coerce: Coerce,
}

/// One parameter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// Where it is looked up.
    pub source: Source,
    /// Name on the wire (headers in lower case).
    pub wire: String,
    /// How its text becomes a value.
    pub coerce: Coerce,
    /// Value used when it is absent; `None` makes it required.
    pub default: Option<ObjectRef>,
}

/// The part of a request that a parameter is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A segment of the path.
    Path,
    /// The query string.
    Query,
    /// A header field.
    Header,
    /// A cookie.
    Cookie,
}

impl Source {
    /// The word used in `loc`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }
}

/// The body a route reads.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Body {
    /// Read, handed to the Request, not decoded.
    Raw,
    /// `decode(bytes) -> value`, after the content type and the depth were checked.
    Json {
        /// The decoder.
        decode: ObjectRef,
        /// Value used when there is no body; `None` makes it required.
        default: Option<ObjectRef>,
    },
    /// The bytes themselves, whatever the content type.
    Bytes {
        /// Value used when there is no body; `None` makes it required.
        default: Option<ObjectRef>,
    },
}

/// How text becomes a value. The grammar of each scalar is documented in `docs/parameters.md`.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Coerce {
    /// Unicode text.
    Str {
        /// Fewest characters.
        min_length: Option<usize>,
        /// Most characters.
        max_length: Option<usize>,
        /// A regular expression searched in the text.
        pattern: Option<String>,
    },
    /// A whole number of any size.
    Int(IntBounds),
    /// A finite double.
    Float(FloatBounds),
    /// A decimal number.
    Decimal,
    /// `true false 1 0 yes no on off`, in any case.
    Bool,
    /// RFC 3339 date and time; zone optional.
    Datetime,
    /// `YYYY-MM-DD`.
    Date,
    /// `HH:MM[:SS[.ffffff]]`; zone optional.
    Time,
    /// ISO 8601 duration in weeks, days, hours, minutes, seconds.
    Timedelta,
    /// RFC 9562, hyphenated or bare.
    Uuid,
    /// One of several texts, each with its Python value (Enum, Literal).
    Choice {
        /// Text and value.
        values: Vec<(String, ObjectRef)>,
    },
    /// The first member that accepts.
    Union {
        /// Tried in order.
        items: Vec<Coerce>,
    },
    /// Repeated parameters.
    List {
        /// Of each item.
        item: Box<Coerce>,
        /// Fewest items.
        min_length: Option<usize>,
        /// Most items.
        max_length: Option<usize>,
        /// `into(list)` for tuple, set, frozenset; `None` leaves a list.
        into: Option<ObjectRef>,
    },
    /// `convert(text) -> value` in Python; raises `ValueError` (msgspec's included).
    Convert {
        /// The callable.
        call: ObjectRef,
        /// True: it takes the list of all repeated texts instead.
        many: bool,
    },
}

/// Bounds of a whole number.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IntBounds {
    /// Greater than.
    pub gt: Option<i64>,
    /// Greater than or equal.
    pub ge: Option<i64>,
    /// Less than.
    pub lt: Option<i64>,
    /// Less than or equal.
    pub le: Option<i64>,
    /// A multiple of this, above 0.
    pub multiple_of: Option<i64>,
}

/// Bounds of a double.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FloatBounds {
    /// Greater than.
    pub gt: Option<f64>,
    /// Greater than or equal.
    pub ge: Option<f64>,
    /// Less than.
    pub lt: Option<f64>,
    /// Less than or equal.
    pub le: Option<f64>,
    /// A multiple of this, above 0.
    pub multiple_of: Option<f64>,
}
