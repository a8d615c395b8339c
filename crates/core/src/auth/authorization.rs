//! The `Authorization` field (RFC 9110 11.6.2), read for one scheme: `Bearer` (RFC 6750).

/// What a request brings for a bearer.
#[derive(Debug, PartialEq, Eq)]
pub enum Bearer<'v> {
    /// Nothing, or credentials of another scheme.
    Absent,
    /// One token.
    Token(&'v str),
    /// Something that can be read in more than one way, or in none.
    Malformed,
}

/// Reads all fields of one name; `bare`: a token may also stand there without its scheme.
pub fn bearer<'v>(mut values: impl Iterator<Item = &'v [u8]>, bare: bool) -> Bearer<'v> {
    let Some(value) = values.next() else { return Bearer::Absent };
    if values.next().is_some() {
        return Bearer::Malformed;
    }
    let value = value.trim_ascii();
    let token = match value.split_at_checked(6) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(b"bearer") => match rest.first() {
            None => return Bearer::Malformed,
            Some(b' ') => rest.trim_ascii_start(),
            Some(_) if bare => value,
            Some(_) => return Bearer::Absent,
        },
        _ if bare => value,
        _ => return Bearer::Absent,
    };
    match std::str::from_utf8(token) {
        Ok(token) if is_token68(token) => Bearer::Token(token),
        _ => Bearer::Malformed,
    }
}

/// RFC 9110's `token68`.
fn is_token68(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::Bearer::{Absent, Malformed, Token};
    use super::*;

    fn one(value: &str) -> Bearer<'_> {
        bearer([value.as_bytes()].into_iter(), false)
    }

    #[test]
    fn one_token_behind_the_scheme() {
        for (value, found) in [
            ("Bearer a.b.c", Token("a.b.c")),
            ("bearer a.b.c", Token("a.b.c")),
            ("BEARER   a.b.c ", Token("a.b.c")),
            ("Bearer abc==", Token("abc==")),
            ("Bearer", Malformed),
            ("Bearer ", Malformed),
            ("Bearer =", Malformed),
            ("Bearer a b", Malformed),
            ("Bearer a,b", Malformed),
            ("Bearer a, Bearer b", Malformed),
            ("Bearer a=b", Malformed),
            ("Bearer \"a\"", Malformed),
            ("Bearer é", Malformed),
            ("Bearer\ta", Absent),
            ("Bearera", Absent),
            ("Basic YTpi", Absent),
            ("a.b.c", Absent),
            ("", Absent),
        ] {
            assert_eq!(one(value), found, "{value:?}");
        }
        assert_eq!(bearer([&b"Bearer \xff"[..]].into_iter(), false), Malformed);
    }

    #[test]
    fn fields_that_repeat_are_no_credentials() {
        assert_eq!(bearer([].into_iter(), false), Absent);
        assert_eq!(bearer([&b"Bearer a"[..], b"Bearer a"].into_iter(), false), Malformed);
        assert_eq!(bearer([&b"Basic a"[..], b"Bearer a"].into_iter(), false), Malformed);
    }

    #[test]
    fn a_field_of_its_own_needs_no_scheme() {
        assert_eq!(bearer([&b"a.b.c"[..]].into_iter(), true), Token("a.b.c"));
        assert_eq!(bearer([&b"bearer a.b.c"[..]].into_iter(), true), Token("a.b.c"));
        assert_eq!(bearer([&b"bearera.b.c"[..]].into_iter(), true), Token("bearera.b.c"));
        assert_eq!(bearer([&b"a.b c"[..]].into_iter(), true), Malformed);
    }
}
