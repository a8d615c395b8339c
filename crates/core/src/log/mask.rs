//! Secrets in query strings: values of named parameters are not written.

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// Stands in the place of a value.
const HIDDEN: &[u8] = b"***";

/// Names of parameters whose values are hidden, whatever their case.
#[derive(Debug, Default)]
pub(super) struct Mask {
    names: Vec<Vec<u8>>,
}

impl Mask {
    pub(super) fn new(names: &[String]) -> Self {
        Self { names: names.iter().map(|name| name.clone().into_bytes()).collect() }
    }

    /// A query string with its secrets hidden; the same bytes where it has none.
    pub(super) fn query<'a>(&self, query: &'a [u8]) -> Cow<'a, [u8]> {
        if !query.split(|byte| is_separator(*byte)).any(|pair| self.hides(pair)) {
            return Cow::Borrowed(query);
        }
        let mut hidden = Vec::with_capacity(query.len());
        // Each piece with the separator behind it.
        for piece in query.split_inclusive(|byte| is_separator(*byte)) {
            let (pair, separator) = match piece.split_last() {
                Some((last, pair)) if is_separator(*last) => (pair, Some(*last)),
                _ => (piece, None),
            };
            match pair.iter().position(|byte| *byte == b'=').and_then(|at| pair.split_at_checked(at + 1)) {
                Some((name, _)) if self.hides(pair) => {
                    hidden.extend_from_slice(name);
                    hidden.extend_from_slice(HIDDEN);
                }
                _ => hidden.extend_from_slice(pair),
            }
            hidden.extend(separator);
        }
        Cow::Owned(hidden)
    }

    /// A URL with the secrets of its query string and its user's password hidden.
    pub(super) fn url<'a>(&self, url: &'a [u8]) -> Cow<'a, [u8]> {
        let user = user_part(url);
        let query = url.iter().position(|byte| *byte == b'?').map(|at| at + 1);
        let (before, query) = query.and_then(|at| url.split_at_checked(at)).unwrap_or((url, &[]));
        let hidden = self.query(query);
        match (user, &hidden) {
            (None, Cow::Borrowed(_)) => Cow::Borrowed(url),
            (None, Cow::Owned(query)) => Cow::Owned([before, query.as_slice()].concat()),
            (Some((start, end)), query) => {
                let (head, tail) = (before.get(..start).unwrap_or(before), before.get(end..).unwrap_or(&[]));
                Cow::Owned([head, HIDDEN, tail, query.as_ref()].concat())
            }
        }
    }

    fn hides(&self, pair: &[u8]) -> bool {
        let name = match pair.iter().position(|byte| *byte == b'=') {
            Some(at) => pair.get(..at).unwrap_or(pair),
            None => return false,
        };
        if memchr::memchr(b'%', name).is_none() {
            return self.knows(name);
        }
        self.knows(&Cow::from(percent_decode(name)))
    }

    fn knows(&self, name: &[u8]) -> bool {
        self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// What may stand between two parameters, by anybody's rules; a fragment's parameters count as well.
fn is_separator(byte: u8) -> bool {
    matches!(byte, b'&' | b';' | b'#' | b'?')
}

/// Where `user:password` stands in a URL.
fn user_part(url: &[u8]) -> Option<(usize, usize)> {
    let start = memchr::memmem::find(url, b"://")? + 3;
    let rest = url.get(start..)?;
    let authority = rest.split(|byte| matches!(*byte, b'/' | b'?' | b'#')).next()?;
    let end = memchr::memrchr(b'@', authority)?;
    Some((start, start + end))
}
