//! `Authenticator`: one backend, ready to be asked; what it looks for in a request is read here.

use std::sync::Arc;

use super::authorization::{Bearer, bearer};
use super::jwt::Verifier;
use super::{ApiKeys, Subject};
use crate::param::cookie;

/// The header fields of a request.
pub trait Fields {
    /// The values of all fields of one name, which is in lower case.
    fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s [u8]>;
}

/// One backend, ready to be asked.
pub enum Authenticator {
    /// A signed token.
    Jwt {
        /// Field that holds it.
        header: Option<String>,
        /// Cookie that holds it, where the field does not.
        cookie: Option<String>,
        /// What tells whether it is good.
        verifier: Box<Verifier>,
    },
    /// A key from a fixed set.
    ApiKey {
        /// Field that holds it.
        header: String,
        /// The set.
        keys: ApiKeys,
    },
    /// Python alone can tell.
    Python,
}

impl Authenticator {
    /// Whom a request's credentials are about, and whether a cookie held them. `now`: seconds since 1970.
    ///
    /// Where the field holds a bearer's credentials at all, the cookie is not looked at.
    pub fn authenticate(&self, fields: &impl Fields, now: u64) -> Option<(Arc<Subject>, bool)> {
        match self {
            Self::Python => None,
            Self::ApiKey { header, keys } => {
                let mut values = fields.values(header);
                let key = values.next()?;
                // A second one would leave open which of them counts.
                if values.next().is_some() {
                    return None;
                }
                keys.verify(key.trim_ascii()).map(|subject| (Arc::clone(subject), false))
            }
            Self::Jwt { header, cookie, verifier } => {
                if let Some(header) = header {
                    match bearer(fields.values(header), header != "authorization") {
                        Bearer::Token(token) => return Some((verifier.verify(token, now)?, false)),
                        Bearer::Malformed => return None,
                        Bearer::Absent => {}
                    }
                }
                Some((verifier.verify(&in_cookie(fields, cookie.as_deref()?)?, now)?, true))
            }
        }
    }

    /// What a client that is not authenticated is told to bring (RFC 9110 11.6.1); `None`: nothing.
    pub fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::Jwt { .. } => Some("Bearer"),
            Self::ApiKey { .. } => Some("ApiKey"),
            Self::Python => None,
        }
    }
}

/// The value of a cookie: the last, as everywhere else.
fn in_cookie(fields: &impl Fields, name: &str) -> Option<String> {
    let mut found = None;
    for value in fields.values("cookie") {
        // What is no text holds no token: those are ASCII.
        let Ok(text) = std::str::from_utf8(value) else { continue };
        if let Some(value) = cookie::last(&cookie::parse(text), name) {
            found = Some(value.to_owned());
        }
    }
    found
}
