//! A raw path from the request line: checked, percent-decoded, escaped again for a redirect.
//!
//! A decoded `%2F` becomes NUL, which cannot come from anywhere else: it never separates segments
//! and turns into a slash only inside a captured parameter.

use std::borrow::Cow;

use crate::percent::hex_pair;

/// Stands for an escaped slash.
const ESCAPED_SLASH: u8 = 0;

/// Decodes `raw`, borrowing it where nothing is escaped.
///
/// # Errors
/// A sentence for the client: raw control bytes, a malformed escape, an escaped NUL, invalid UTF-8.
pub(super) fn decode(raw: &str) -> Result<Cow<'_, str>, &'static str> {
    let mut control = false;
    let mut escaped = false;
    for &byte in raw.as_bytes() {
        control |= byte < 0x20 || byte == 0x7f;
        escaped |= byte == b'%';
    }
    if control {
        return Err("the path must not contain control characters");
    }
    if !escaped {
        return Ok(Cow::Borrowed(raw));
    }
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        match hex_pair(bytes.next(), bytes.next()) {
            Some(0) => return Err("the path must not contain NUL"),
            Some(b'/') => decoded.push(ESCAPED_SLASH),
            Some(byte) => decoded.push(byte),
            None => return Err("the path has a malformed percent escape"),
        }
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| "the path must be valid UTF-8")
}

/// The same decoded path with its trailing slash added or removed; `None` where there is no other.
pub(super) fn other_spelling(path: &str) -> Option<String> {
    match path.strip_suffix('/') {
        Some("") => None,
        Some(shorter) if shorter.ends_with('/') => None,
        Some(shorter) => Some(shorter.to_owned()),
        None if path.starts_with('/') => Some(format!("{path}/")),
        None => None,
    }
}

/// The raw path with its trailing slash added or removed, fit for a `Location` header.
///
/// What a browser could read as the start of a host (`//`, `/\`) is escaped, and so is every byte
/// that may not stand in a header field.
pub(super) fn location(raw: &str) -> String {
    use std::fmt::Write as _;

    let (body, slash) = match raw.strip_suffix('/') {
        Some(shorter) => (shorter, ""),
        None => (raw, "/"),
    };
    let mut location = String::with_capacity(raw.len() + 3);
    for (at, byte) in body.bytes().chain(slash.bytes()).enumerate() {
        match byte {
            b'/' if at == 1 => location.push_str("%2F"),
            b'!' | b'$'..=b';' | b'=' | b'@'..=b'Z' | b'_' | b'a'..=b'z' | b'~' => {
                location.push(char::from(byte));
            }
            _ => {
                // Writing into a String does not fail.
                let _ = write!(location, "%{byte:02X}");
            }
        }
    }
    location
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_path_is_borrowed() {
        assert!(matches!(decode("/a/b"), Ok(Cow::Borrowed("/a/b"))));
        assert!(matches!(decode("/é"), Ok(Cow::Borrowed("/é"))));
    }

    #[test]
    fn escapes_are_decoded_once() {
        assert_eq!(decode("/a%20b%2525").as_deref(), Ok("/a b%25"));
        assert_eq!(decode("/%C3%A9").as_deref(), Ok("/é"));
        assert_eq!(decode("/a%2fb%2F").as_deref(), Ok("/a\0b\0"));
    }

    #[test]
    fn bad_paths_are_refused() {
        for raw in ["/%", "/%4", "/%G1", "/%1G", "/%+1", "/%00", "/%ff", "/%C3", "/a\0", "/a\nb", "/\x7f"] {
            assert!(decode(raw).is_err(), "{raw:?}");
        }
    }

    #[test]
    fn a_location_stays_on_this_host() {
        assert_eq!(location("//evil.example"), "/%2Fevil.example/");
        assert_eq!(location("/\\evil.example/"), "/%5Cevil.example");
        assert_eq!(location("/a%20b/"), "/a%20b");
        assert_eq!(location("/é \"<"), "/%C3%A9%20%22%3C/");
    }

    #[test]
    fn only_one_slash_is_toggled() {
        assert_eq!(other_spelling("/"), None);
        assert_eq!(other_spelling("/x//"), None);
        assert_eq!(other_spelling("*"), None);
        assert_eq!(other_spelling("/x").as_deref(), Some("/x/"));
        assert_eq!(other_spelling("/x/").as_deref(), Some("/x"));
    }
}
