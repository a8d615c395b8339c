//! Query strings (and bodies of the same form): pairs in the order they came.
//!
//! Names are found by a scan: no client chooses what is hashed.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memchr2};

use super::invalid::Invalid;
use crate::percent::hex_pair;

/// The pairs of a query string.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query<'a> {
    pairs: Vec<Pair<'a>>,
}

type Pair<'a> = (Cow<'a, str>, Result<Cow<'a, str>, BadText>);

/// Text that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadText {
    /// What it must be.
    pub reason: &'static str,
}

impl From<BadText> for Invalid {
    fn from(bad: BadText) -> Self {
        Self::of_value(bad.reason)
    }
}

/// There are more pairs than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many fields: at most {limit} are allowed")]
pub struct TooManyFields {
    /// The most that are allowed.
    pub limit: usize,
}

impl<'a> Query<'a> {
    /// Reads `raw`, the part after `?`: pairs between `&` (empty ones are skipped), the name up to the
    /// first `=`, `+` for a space, percent escapes in UTF-8. A name alone has an empty value.
    ///
    /// # Errors
    /// [`TooManyFields`] for more than `max_fields` pairs. A pair that cannot be read is no error here:
    /// it keeps its name (raw, where that is what cannot be read) and is marked bad.
    pub fn parse(raw: &'a str, max_fields: usize) -> Result<Self, TooManyFields> {
        if raw.is_empty() {
            return Ok(Self::default());
        }
        let bytes = raw.as_bytes();
        let ends = memchr_iter(b'&', bytes).chain(std::iter::once(bytes.len()));
        let mut pairs = Vec::with_capacity(4);
        let mut start = 0;
        for end in ends {
            let pair = raw.get(start..end).unwrap_or_default();
            start = end + 1;
            if pair.is_empty() {
                continue;
            }
            if pairs.len() == max_fields {
                return Err(TooManyFields { limit: max_fields });
            }
            pairs.push(read_pair(pair));
        }
        Ok(Self { pairs })
    }

    /// The value of the last pair of this name.
    pub fn last(&self, name: &str) -> Option<Result<&str, BadText>> {
        self.pairs.iter().rfind(|(key, _)| key == name).map(|(_, value)| borrowed(value))
    }

    /// The values of all pairs of this name, in order.
    pub fn all<'q>(&'q self, name: &'q str) -> impl Iterator<Item = Result<&'q str, BadText>> {
        self.pairs().filter(move |(key, _)| *key == name).map(|(_, value)| value)
    }

    /// All pairs, in order.
    pub fn pairs(&self) -> impl ExactSizeIterator<Item = (&str, Result<&str, BadText>)> {
        self.pairs.iter().map(|(key, value)| (key.as_ref(), borrowed(value)))
    }

    /// The name of the first pair that cannot be read.
    pub fn first_bad(&self) -> Option<&str> {
        self.pairs().find(|(_, value)| value.is_err()).map(|(key, _)| key)
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// True where there is no pair.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

fn borrowed<'q>(value: &'q Result<Cow<'_, str>, BadText>) -> Result<&'q str, BadText> {
    value.as_ref().map(AsRef::as_ref).map_err(|bad| *bad)
}

fn read_pair(pair: &str) -> Pair<'_> {
    let (name, value) = match memchr(b'=', pair.as_bytes()) {
        Some(at) => (pair.get(..at).unwrap_or_default(), pair.get(at + 1..).unwrap_or_default()),
        None => (pair, ""),
    };
    match decode(name) {
        Ok(name) => (name, decode(value)),
        Err(bad) => (Cow::Borrowed(name), Err(bad)),
    }
}

/// Decodes a name or a value, borrowing it where nothing is escaped.
fn decode(raw: &str) -> Result<Cow<'_, str>, BadText> {
    let bytes = raw.as_bytes();
    if memchr(0, bytes).is_some() {
        return Err(BadText { reason: "must not contain NUL" });
    }
    let Some(first) = memchr2(b'%', b'+', bytes) else {
        return Ok(Cow::Borrowed(raw));
    };
    let (plain, rest) = bytes.split_at_checked(first).unwrap_or((bytes, &[]));
    let mut decoded = Vec::with_capacity(bytes.len());
    decoded.extend_from_slice(plain);
    let mut rest = rest.iter().copied();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => match hex_pair(rest.next(), rest.next()) {
                Some(0) => {
                    return Err(BadText { reason: "must not contain NUL" });
                }
                Some(byte) => byte,
                None => {
                    return Err(BadText { reason: "must not contain a malformed percent escape" });
                }
            },
            byte => byte,
        });
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| BadText { reason: "must be valid UTF-8" })
}

#[cfg(test)]
mod tests;
