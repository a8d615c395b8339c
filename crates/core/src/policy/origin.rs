//! Whether a request that changes something comes from a site that is trusted, with the rules of Django's
//! `CsrfViewMiddleware`; nothing here may know of tokens.

/// Django's `CSRF_TRUSTED_ORIGINS`.
#[derive(Debug, Clone)]
pub struct TrustedOrigins {
    exact: Vec<String>,
    /// Scheme and domain; one with a dot in front stands for its subdomains as well.
    domains: Vec<(String, String)>,
}

impl TrustedOrigins {
    /// Origins such as `https://example.com`, and `https://*.example.com` for a domain with its subdomains.
    pub fn new(origins: &[String]) -> Self {
        let (patterns, exact): (Vec<&String>, Vec<&String>) = origins.iter().partition(|origin| origin.contains('*'));
        let domain = |pattern: &&String| {
            let (scheme, rest) = pattern.split_once("://")?;
            Some((scheme.to_lowercase(), netloc(rest).trim_start_matches('*').to_lowercase()))
        };
        Self {
            exact: exact.into_iter().cloned().collect(),
            domains: patterns.iter().filter_map(domain).filter(|(_, domain)| !domain.is_empty()).collect(),
        }
    }

    /// Whether what a field `Origin` holds is one of them.
    pub fn trusts(&self, origin: &[u8]) -> bool {
        let Ok(origin) = std::str::from_utf8(origin) else { return false };
        if self.exact.iter().any(|trusted| trusted == origin) {
            return true;
        }
        let Some((scheme, rest)) = origin.split_once("://") else { return false };
        let host = netloc(rest);
        self.domains.iter().any(|(wanted, domain)| scheme.eq_ignore_ascii_case(wanted) && is_same_domain(host, domain))
    }
}

/// Whether what a field `Origin` holds is the site itself, asked for by `scheme` and `host`.
pub fn is_own(origin: &[u8], scheme: &str, host: &[u8]) -> bool {
    let rest = origin.strip_prefix(scheme.as_bytes()).and_then(|rest| rest.strip_prefix(b"://"));
    rest == Some(host)
}

/// Whether a method changes nothing (RFC 9110 9.2.1), as Django counts them.
pub fn is_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE")
}

/// What `urlsplit` takes for the host and port.
fn netloc(rest: &str) -> &str {
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Django's `is_same_domain`: hosts are compared as they came, which browsers write in lower case.
fn is_same_domain(host: &str, pattern: &str) -> bool {
    host == pattern || pattern.strip_prefix('.').is_some_and(|parent| host == parent || host.ends_with(pattern))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trusted(origins: &[&str]) -> TrustedOrigins {
        TrustedOrigins::new(&origins.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_site_is_its_own_origin_with_its_scheme_and_port() {
        assert!(is_own(b"https://example.com", "https", b"example.com"));
        assert!(is_own(b"http://example.com:8000", "http", b"example.com:8000"));
        for origin in [
            "http://example.com",
            "https://example.com:443",
            "https://example.com/",
            "https://example.com.",
            "https://a.example.com",
            "https://example.com.evil.example",
            "https:///example.com",
            "example.com",
            "null",
            "",
        ] {
            assert!(!is_own(origin.as_bytes(), "https", b"example.com"), "{origin}");
        }
    }

    #[test]
    fn an_origin_is_trusted_as_it_is_written() {
        let origins = trusted(&["https://example.com", "http://other.example:8000"]);
        assert!(origins.trusts(b"https://example.com") && origins.trusts(b"http://other.example:8000"));
        for origin in ["http://example.com", "https://example.com:8000", "https://a.example.com", "null", "", "\u{e9}"]
        {
            assert!(!origins.trusts(origin.as_bytes()), "{origin}");
        }
        assert!(!origins.trusts(b"https://example.com\xff"));
    }

    #[test]
    fn a_star_takes_a_domain_with_its_subdomains() {
        let origins = trusted(&["https://*.example.com", "http://*.local:8000"]);
        for origin in ["https://a.example.com", "https://a.b.example.com", "https://example.com", "http://x.local:8000"]
        {
            assert!(origins.trusts(origin.as_bytes()), "{origin}");
        }
        for origin in [
            "http://a.example.com",
            "https://a.example.com:444",
            "https://aexample.com",
            "https://a.example.com.evil.example",
            "https://evil.example/.example.com",
            "https://evil.example?.example.com",
            "https://evil.example#.example.com",
            "http://x.local",
            "a.example.com",
            "null",
        ] {
            assert!(!origins.trusts(origin.as_bytes()), "{origin}");
        }
    }

    #[test]
    fn a_pattern_without_a_scheme_or_a_domain_trusts_nobody() {
        let origins = trusted(&["*", "*.example.com", "https://*"]);
        assert!(!origins.trusts(b"https://a.example.com") && !origins.trusts(b"https://") && !origins.trusts(b"://"));
    }

    #[test]
    fn a_method_in_another_case_is_not_safe() {
        assert!(["GET", "HEAD", "OPTIONS", "TRACE"].into_iter().all(is_safe));
        assert!(!["POST", "PUT", "PATCH", "DELETE", "get", "QUERY", ""].into_iter().any(is_safe));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(origin in proptest::collection::vec(any::<u8>(), 0..40), pattern in "[.*a-z:/]{0,12}") {
            let _ = trusted(&[&pattern]).trusts(&origin);
            prop_assert!(is_own(&[b"http://", origin.as_slice()].concat(), "http", &origin));
        }
    }
}
