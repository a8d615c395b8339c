//! The `Cookie` header, read as Django's `parse_cookie` reads it.

use std::borrow::Cow;

/// Names and values in the order they came; where a name repeats, the last one counts ([`last`]).
///
/// A chunk without `=` is a value without a name. A value in double quotes is unquoted as
/// `http.cookies` does: a backslash before three octal digits is that character, before any other
/// (but a newline) the character itself.
pub fn parse(header: &str) -> Vec<(&str, Cow<'_, str>)> {
    header
        .split(';')
        .filter_map(|chunk| {
            let (name, value) = chunk.split_once('=').unwrap_or(("", chunk));
            let (name, value) = (strip(name), strip(value));
            (!name.is_empty() || !value.is_empty()).then(|| (name, unquote(value)))
        })
        .collect()
}

/// The value that counts for a name.
pub fn last<'c>(cookies: &'c [(&str, Cow<'_, str>)], name: &str) -> Option<&'c str> {
    cookies.iter().rfind(|(known, _)| *known == name).map(|(_, value)| value.as_ref())
}

/// Python's `str.strip`, which takes four separators for spaces that Unicode does not.
fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}

fn unquote(value: &str) -> Cow<'_, str> {
    let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(quoted) = quoted else {
        return Cow::Borrowed(value);
    };
    if !quoted.contains('\\') {
        return Cow::Borrowed(quoted);
    }
    let mut text = String::with_capacity(quoted.len());
    let mut rest = quoted;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        rest = after;
        if let Some((c, after)) = octal(rest) {
            text.push(c);
            rest = after;
            continue;
        }
        let mut characters = rest.chars();
        match characters.next() {
            Some('\n') | None => text.push('\\'),
            Some(c) => {
                text.push(c);
                rest = characters.as_str();
            }
        }
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// The character of three octal digits up to 377, and what follows them.
fn octal(text: &str) -> Option<(char, &str)> {
    let (digits, rest) = text.split_at_checked(3)?;
    let octal = digits.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    if !octal {
        return None;
    }
    let code = u8::from_str_radix(digits, 8).ok()?;
    Some((char::from(code), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(header: &str) -> Vec<(&str, String)> {
        parse(header).into_iter().map(|(name, value)| (name, value.into_owned())).collect()
    }

    #[test]
    fn chunks_are_stripped_and_split_once() {
        assert_eq!(
            pairs(" a = b=c ;; d;e=;=f; \u{1c}g\u{a0}=1"),
            [("a", "b=c"), ("", "d"), ("e", ""), ("", "f"), ("g", "1")].map(|(name, value)| (name, value.to_owned()))
        );
        assert_eq!(pairs(""), []);
    }

    #[test]
    fn quoted_values_are_unquoted() {
        for (raw, value) in [
            (r#""a b""#, "a b"),
            (r#""a\"b\\""#, r#"a"b\"#),
            (r#""\303\251\054""#, "Ã©,"),
            (r#""\400\12x""#, "40012x"),
            (r#""\é""#, "é"),
            ("\"\\\n\"", "\\\n"),
            (r#""\""#, "\\"),
            (r#""""#, ""),
            (r#"""#, r#"""#),
            (r#""a"#, r#""a"#),
        ] {
            assert_eq!(unquote(raw), value, "{raw}");
        }
    }

    #[test]
    fn the_last_of_a_name_counts() {
        let cookies = parse("a=1; b=2; a=3");
        assert_eq!(last(&cookies, "a"), Some("3"));
        assert_eq!(last(&cookies, "c"), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(header in any::<String>(), quoted in "\"[\\\\0-9a\"\n]{0,12}\"") {
            parse(&header);
            parse(&quoted);
        }
    }
}
