//! The grammar of `Forwarded` (RFC 7239 4): `for=…;proto=…;host=…, for=…`.

/// What one proxy says of whom it was asked by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub(super) node: Option<&'a str>,
    pub(super) proto: Option<&'a str>,
    pub(super) host: Option<&'a str>,
}

/// The elements of one field's value; `None` for one that is malformed, behind which nothing comes.
pub(super) fn elements(value: &str) -> impl Iterator<Item = Option<Element<'_>>> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let read = element(rest.take()?);
        if let Some((_, after)) = read {
            rest = after;
        }
        Some(read.map(|(element, _)| element))
    })
}

/// One element, and what stands behind its comma.
fn element(text: &str) -> Option<(Element<'_>, Option<&str>)> {
    let mut found = Element::default();
    let mut rest = text;
    loop {
        let (name, after) = rest.trim_start_matches([' ', '\t']).split_once('=')?;
        let (value, after) = value(after)?;
        let place = match name {
            _ if name.eq_ignore_ascii_case("for") => Some(&mut found.node),
            _ if name.eq_ignore_ascii_case("proto") => Some(&mut found.proto),
            _ if name.eq_ignore_ascii_case("host") => Some(&mut found.host),
            _ if !name.is_empty() && name.bytes().all(is_of_token) => None,
            _ => return None,
        };
        // Said twice in one element, neither can be believed.
        if place.is_some_and(|place| place.replace(value).is_some()) {
            return None;
        }
        let after = after.trim_start_matches([' ', '\t']);
        match after.chars().next() {
            None => return Some((found, None)),
            Some(',') => return Some((found, after.get(1..))),
            Some(';') => rest = after.get(1..)?,
            Some(_) => return None,
        }
    }
}

/// A token or what stands between quotes, and the text behind it. Quoted pairs, which no address needs, are refused.
fn value(text: &str) -> Option<(&str, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted.split_once('"').filter(|(value, _)| !value.contains('\\'));
    }
    let end = text.bytes().position(|byte| !is_of_token(byte)).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(value, _)| !value.is_empty())
}

/// What tokens are made of, and the colon and brackets that many proxies leave unquoted.
fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:[]".contains(&byte)
}
