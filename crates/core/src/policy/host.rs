//! `ALLOWED_HOSTS`, with the rules of `django.http.request`; no regular expression is made of a name.

/// The hosts that a site answers for.
#[derive(Debug, Clone)]
pub struct AllowedHosts {
    any: bool,
    /// In lower case, none of them empty.
    patterns: Vec<String>,
}

impl AllowedHosts {
    /// Names, `.domain` for a domain with its subdomains, `*` for all.
    pub fn new(patterns: &[String]) -> Self {
        Self {
            any: patterns.iter().any(|pattern| pattern == "*"),
            patterns: patterns.iter().filter(|pattern| !pattern.is_empty()).map(|text| text.to_lowercase()).collect(),
        }
    }

    /// Whether a request for `host`, as it stands in the field, is answered.
    pub fn allows(&self, host: &[u8]) -> bool {
        domain(host).is_some_and(|domain| {
            self.any || self.patterns.iter().any(|pattern| is_same_domain(domain, pattern.as_bytes()))
        })
    }
}

/// Django's `is_same_domain`, of a domain in any case.
fn is_same_domain(domain: &[u8], pattern: &[u8]) -> bool {
    if domain.eq_ignore_ascii_case(pattern) {
        return true;
    }
    let Some(parent) = pattern.strip_prefix(b".") else { return false };
    let below = domain.len().checked_sub(pattern.len()).and_then(|start| domain.get(start..));
    domain.eq_ignore_ascii_case(parent) || below.is_some_and(|end| end.eq_ignore_ascii_case(pattern))
}

/// The domain of `domain[:port]`, without the dot at its end; `None` where Django's expression does not match.
fn domain(host: &[u8]) -> Option<&[u8]> {
    let (name, port) = if host.first() == Some(&b'[') {
        let end = memchr::memchr(b']', host)? + 1;
        host.split_at_checked(end).filter(|(address, _)| is_ipv6(address))?
    } else {
        let end = memchr::memchr(b':', host).unwrap_or(host.len());
        host.split_at_checked(end).filter(|(name, _)| name.iter().all(|byte| is_of_name(*byte)))?
    };
    let port_is_fine = match port.split_first() {
        None => true,
        Some((b':', digits)) => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        Some(_) => false,
    };
    let name = name.strip_suffix(b".").unwrap_or(name);
    (port_is_fine && !name.is_empty()).then_some(name)
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-'
}

/// `\[[a-f0-9]*:[a-f0-9.:]+\]`
fn is_ipv6(address: &[u8]) -> bool {
    let inner = address.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    let Some((first, rest)) = inner.and_then(|inner| inner.split_at_checked(memchr::memchr(b':', inner)?)) else {
        return false;
    };
    first.iter().all(u8::is_ascii_hexdigit)
        && rest.len() > 1
        && rest.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hosts(patterns: &[&str]) -> AllowedHosts {
        AllowedHosts::new(&patterns.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn names_are_matched_whole_in_any_case_with_any_port() {
        let hosts = hosts(&["www.Example.com", "[::1]", "127.0.0.1"]);
        for host in
            ["www.example.com", "WWW.EXAMPLE.COM", "www.example.com.", "www.example.com:80", "www.example.com.:1"]
        {
            assert!(hosts.allows(host.as_bytes()), "{host}");
        }
        assert!(hosts.allows(b"[::1]") && hosts.allows(b"[::1]:8000") && hosts.allows(b"127.0.0.1:8000"));
        for host in [
            "",
            ".",
            "example.com",
            "wwwxexample.com",
            "evil-www.example.com",
            "www.example.com.evil",
            "www.example.com..",
            "www.example.com:",
            "www.example.com:8a",
            "www.example.com:80:80",
            "user@www.example.com",
            "www.example.com/",
            "www.example.com ",
            "www.example.com\n",
            "www.example.com\0",
            "[::1",
            "[::1]x",
            "[]",
            "[:]",
            "::1",
        ] {
            assert!(!hosts.allows(host.as_bytes()), "{host:?}");
        }
    }

    #[test]
    fn a_dot_in_front_takes_subdomains_too() {
        let hosts = hosts(&[".example.com"]);
        for host in ["example.com", "a.example.com", "a.b.EXAMPLE.com:443", ".example.com"] {
            assert!(hosts.allows(host.as_bytes()), "{host}");
        }
        for host in ["aexample.com", "example.com.evil", "com", "xample.com"] {
            assert!(!hosts.allows(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn a_star_takes_every_host_that_is_one() {
        let hosts = hosts(&["*"]);
        assert!(hosts.allows(b"anything.example:1") && hosts.allows(b"[fe80::1]"));
        assert!(!hosts.allows(b"under_score") && !hosts.allows(b"") && !hosts.allows("é".as_bytes()));
    }

    #[test]
    fn nothing_is_allowed_by_an_empty_name() {
        assert!(!hosts(&[""]).allows(b"") && !hosts(&[]).allows(b"a"));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(host in proptest::collection::vec(any::<u8>(), 0..40), pattern in "[.*a-z\\[:]{0,6}") {
            let _ = hosts(&[&pattern]).allows(&host);
        }
    }
}
