//! Cross-origin resource sharing by the rules of the Fetch standard: which origin may read, and what a preflight is told.
//!
//! Nothing here may know how a header is written.

use regex::Regex;

use crate::plan::Cors;

/// A policy, ready to be asked.
#[derive(Debug, Clone)]
pub struct CorsPolicy {
    any: bool,
    exact: Vec<String>,
    patterns: Vec<Regex>,
    methods: Names,
    headers: Names,
    /// Whether cookies and credentials may come along.
    pub credentials: bool,
    /// Fields of an answer that scripts may read; `None`: only those of the safelist.
    pub expose: Option<String>,
    /// Seconds that a preflight's answer may be kept.
    pub max_age: u32,
}

/// To whom an answer is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Whoever asks, credentials left out.
    Anyone,
    /// The origin that asked.
    Asker,
}

/// What may be asked for.
#[derive(Debug, Clone)]
enum Names {
    Any,
    /// As it is told; empty: nothing but the safelist.
    Listed(String),
}

impl Names {
    fn new(names: &[String], separator: &str) -> Self {
        if names.iter().any(|name| name == "*") { Self::Any } else { Self::Listed(names.join(separator)) }
    }

    /// A literal `*` is no wildcard where credentials come along, nor ever for `Authorization`: what was asked is told.
    fn told<'a>(&'a self, asked: Option<&'a str>) -> Option<&'a str> {
        match self {
            Self::Any => asked.filter(|asked| is_list(asked)),
            Self::Listed(names) => Some(names.as_str()),
        }
        .filter(|names| !names.is_empty())
    }
}

impl CorsPolicy {
    /// Reads a plan; a sentence where it cannot be kept.
    pub fn new(plan: &Cors) -> Result<Self, String> {
        let any = plan.origins.iter().any(|origin| origin == "*");
        if any && plan.credentials {
            return Err("CORS: \"*\" with credentials would let every site act for its visitors".to_owned());
        }
        Ok(Self {
            any,
            exact: plan.origins.clone(),
            patterns: plan.origin_regexes.iter().map(|text| whole(text)).collect::<Result<_, _>>()?,
            methods: Names::new(&plan.methods, ", "),
            headers: Names::new(&plan.headers, ", "),
            credentials: plan.credentials,
            expose: (!plan.expose.is_empty()).then(|| plan.expose.join(", ")),
            max_age: plan.max_age,
        })
    }

    /// Whether answers depend on who asks.
    pub fn varies(&self) -> bool {
        !self.any
    }

    /// Who may read an answer to `origin`, as it stands in the field; `None`: nobody else.
    pub fn reader(&self, origin: Option<&str>) -> Option<Reader> {
        if self.any {
            return Some(Reader::Anyone);
        }
        origin.is_some_and(|origin| self.allows(origin)).then_some(Reader::Asker)
    }

    /// Whether pages of `origin` may send cookies along and read the answer. `null` is whoever hides where it is from.
    pub fn shares_credentials(&self, origin: &[u8]) -> bool {
        let named = std::str::from_utf8(origin).ok().filter(|origin| *origin != "null");
        self.credentials && named.is_some() && self.reader(named) == Some(Reader::Asker)
    }

    /// Byte by byte, as browsers compare: they write scheme and host in lower case and leave out the default port.
    fn allows(&self, origin: &str) -> bool {
        self.exact.iter().any(|exact| exact == origin)
            || (is_tuple(origin) && self.patterns.iter().any(|pattern| pattern.is_match(origin)))
    }

    /// The methods that a preflight is told, where it asked for this one.
    pub fn methods<'a>(&'a self, asked: &'a str) -> Option<&'a str> {
        self.methods.told(Some(asked))
    }

    /// The request fields that a preflight is told, where it asked for these.
    pub fn headers<'a>(&'a self, asked: Option<&'a str>) -> Option<&'a str> {
        self.headers.told(asked)
    }
}

/// An expression that matches as a whole or not at all. Compiled alone first: `a)|(b` must not reach outside.
fn whole(text: &str) -> Result<Regex, String> {
    let wrong = |error: regex::Error| format!("CORS: {text:?} is no regular expression: {error}");
    Regex::new(text).map_err(wrong)?;
    Regex::new(&format!(r"\A(?:{text})\z")).map_err(wrong)
}

/// `scheme://host` or `scheme://host:port`, which is all that an expression is asked about: neither `null` nor anything
/// with a path, a user or a second origin.
fn is_tuple(origin: &str) -> bool {
    let Some((scheme, rest)) = origin.split_once("://") else { return false };
    let of_host = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'?' | b'#' | b'@' | b'\\' | b',');
    !scheme.is_empty()
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        && !rest.is_empty()
        && rest.bytes().all(of_host)
}

/// A list of tokens (RFC 9110 5.6.1), which may be repeated in an answer.
fn is_list(asked: &str) -> bool {
    let of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    asked.split(',').map(str::trim).all(|token| !token.is_empty() && token.bytes().all(of_token))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn plan(origins: &[&str], regexes: &[&str]) -> Cors {
        Cors {
            origins: texts(origins),
            origin_regexes: texts(regexes),
            methods: texts(&["GET", "POST"]),
            headers: texts(&["X-One", "X-Two"]),
            credentials: false,
            expose: Vec::new(),
            max_age: 600,
        }
    }

    fn policy(origins: &[&str], regexes: &[&str]) -> CorsPolicy {
        CorsPolicy::new(&plan(origins, regexes)).unwrap()
    }

    /// Origins that pass for `https://www.example.com` where somebody is careless.
    const LOOKALIKES: [&str; 22] = [
        "https://wwwXexample.com",
        "https://www.exampleXcom",
        "https://evil-www.example.com",
        "https://evil-example.com",
        "https://example.com",
        "https://www.example.com.evil.org",
        "https://www.example.community",
        "https://evil.org/https://www.example.com",
        "https://evil.org?https://www.example.com",
        "https://evil.org#https://www.example.com",
        "https://evil.org@www.example.com",
        "https://www.example.com@evil.org",
        "https://evil.org https://www.example.com",
        "https://www.example.com, https://evil.org",
        "xhttps://www.example.com",
        "http://www.example.com",
        "https://www.example.com:8443",
        "https://www.example.com.",
        "https://www.example.com/",
        "HTTPS://WWW.EXAMPLE.COM",
        "null",
        "",
    ];

    #[test]
    fn an_exact_origin_is_that_origin() {
        let policy = policy(&["https://www.example.com"], &[]);
        assert_eq!(policy.reader(Some("https://www.example.com")), Some(Reader::Asker));
        assert_eq!(policy.reader(None), None);
        for origin in LOOKALIKES {
            assert_eq!(policy.reader(Some(origin)), None, "{origin}");
        }
    }

    #[test]
    fn an_expression_matches_as_a_whole() {
        let policy = policy(&[], &[r"https://(www|api)\.example\.com", r"https://x\.example|https://y\.example"]);
        for origin in ["https://www.example.com", "https://api.example.com", "https://x.example", "https://y.example"] {
            assert_eq!(policy.reader(Some(origin)), Some(Reader::Asker), "{origin}");
        }
        for origin in LOOKALIKES {
            assert_eq!(policy.reader(Some(origin)), None, "{origin}");
        }
        assert_eq!(policy.reader(Some("https://x.example.evil.org")), None);
        assert_eq!(policy.reader(Some("https://www.example.com\n")), None);
    }

    #[test]
    fn a_broad_expression_is_asked_about_origins_only() {
        let policy = policy(&[], &[".*"]);
        assert_eq!(policy.reader(Some("https://anything.example:1")), Some(Reader::Asker));
        for origin in
            ["null", "", "a b", "https://", "://x", "https://a/b", "https://a https://b", "https://a,https://b"]
        {
            assert_eq!(policy.reader(Some(origin)), None, "{origin}");
        }
    }

    #[test]
    fn expressions_stand_alone() {
        for text in ["(", "a)|(b", "(?=x)", r"(a)\1", "[z-a]"] {
            assert!(CorsPolicy::new(&plan(&[], &[text])).is_err(), "{text}");
        }
    }

    #[test]
    fn credentials_are_shared_with_named_origins_alone() {
        let with = |origins: &[&str], credentials| {
            CorsPolicy::new(&Cors { credentials, ..plan(origins, &[]) }).expect("a policy that can be kept")
        };
        assert!(with(&["https://a.example", "null"], true).shares_credentials(b"https://a.example"));
        for origin in ["null", "https://b.example", "http://a.example", "", "\u{e9}"] {
            assert!(!with(&["https://a.example", "null"], true).shares_credentials(origin.as_bytes()), "{origin}");
        }
        assert!(!with(&["https://a.example"], true).shares_credentials(b"https://a.example\xff"));
        assert!(!with(&["https://a.example"], false).shares_credentials(b"https://a.example"));
        assert!(!with(&["*"], false).shares_credentials(b"https://a.example"));
    }

    #[test]
    fn null_is_allowed_where_it_is_listed() {
        assert_eq!(policy(&["null"], &[]).reader(Some("null")), Some(Reader::Asker));
        assert_eq!(policy(&["https://a.example"], &["null|.*"]).reader(Some("null")), None);
    }

    #[test]
    fn everyone_without_credentials() {
        let policy = policy(&["*"], &[]);
        assert_eq!(policy.reader(None), Some(Reader::Anyone));
        assert!(!policy.varies());
        let refused = Cors { credentials: true, ..plan(&["*"], &[]) };
        assert!(CorsPolicy::new(&refused).unwrap_err().contains("credentials"));
    }

    #[test]
    fn a_preflight_is_told_what_is_listed_or_what_it_asked() {
        let listed = policy(&["*"], &[]);
        assert_eq!(listed.methods("DELETE"), Some("GET, POST"));
        assert_eq!(listed.headers(Some("x-three")), Some("X-One, X-Two"));
        let any = Cors { methods: texts(&["*"]), headers: texts(&["*"]), ..plan(&["*"], &[]) };
        let any = CorsPolicy::new(&any).unwrap();
        assert_eq!(any.methods("DELETE"), Some("DELETE"));
        assert_eq!(any.headers(Some("x-one,authorization")), Some("x-one,authorization"));
        assert_eq!(any.headers(None), None);
        for asked in ["", "a,,b", "a b", "a;b", "é", "a\"b"] {
            assert_eq!(any.headers(Some(asked)), None, "{asked}");
        }
    }

    proptest! {
        #[test]
        fn only_the_origin_itself(origin in r"https?://[a-zA-Z.:-]{0,30}") {
            let exact = "https://www.example.com";
            let regex = policy(&[], &[r"https://www\.example\.com"]);
            prop_assert_eq!(policy(&[exact], &[]).reader(Some(&origin)).is_some(), origin == exact);
            prop_assert_eq!(regex.reader(Some(&origin)).is_some(), origin == exact);
        }
    }
}
