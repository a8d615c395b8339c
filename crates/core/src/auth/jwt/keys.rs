//! The keys of a backend: one that is fixed, or a set that changes (RFC 7517).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::header::Header;
use super::key::{HMAC, Key, named_algorithms};

/// Most keys of a set; more are no issuer's.
const MOST: usize = 256;

/// Where keys come from.
pub(super) enum Keys {
    /// From the settings: the one in use, and older ones.
    Fixed(Vec<Key>),
    /// From an issuer, which may replace them.
    Set {
        /// Empty: whatever is a public key's.
        allowed: Vec<Algorithm>,
        keys: RwLock<Vec<Named>>,
        /// True: a token named a key that is not there.
        missed: AtomicBool,
    },
}

/// A key and its name.
pub(super) struct Named {
    id: Option<String>,
    key: Key,
}

#[derive(Deserialize)]
struct Set {
    /// Each is read by itself: one that is not understood takes no other with it.
    keys: Vec<Value>,
}

impl Keys {
    pub(super) fn new(fixed: &[Vec<u8>], algorithms: &[String]) -> Result<Self, String> {
        if !fixed.is_empty() {
            let keys = fixed.iter().map(|bytes| Key::new(bytes, algorithms)).collect::<Result<_, _>>();
            return keys.map(Self::Fixed);
        }
        let allowed = named_algorithms(algorithms)?;
        match allowed.iter().find(|algorithm| HMAC.contains(algorithm)) {
            Some(wrong) => Err(format!(
                "found the algorithm {wrong:?} for a set of public keys, expected those of public keys alone, such as RS256"
            )),
            None => Ok(Self::Set { allowed, keys: RwLock::default(), missed: AtomicBool::new(false) }),
        }
    }

    /// True where a key that a token's header may mean is `good`: of a set the one that it names, or, where it names
    /// none, the only one for its algorithm.
    pub(super) fn any(&self, header: &Header, good: impl Fn(&DecodingKey) -> bool) -> bool {
        let fits = |key: &Key| key.algorithms.contains(&header.algorithm);
        let (keys, missed) = match self {
            Self::Fixed(keys) => return keys.iter().any(|key| fits(key) && good(&key.key)),
            Self::Set { keys, missed, .. } => (keys.read().unwrap_or_else(PoisonError::into_inner), missed),
        };
        let Some(id) = &header.key_id else {
            let mut fitting = keys.iter().filter(|named| fits(&named.key));
            return fitting.next().is_some_and(|only| fitting.next().is_none() && good(&only.key.key));
        };
        let mut named = keys.iter().filter(|named| named.id.as_ref() == Some(id)).peekable();
        if named.peek().is_none() {
            missed.store(true, Ordering::Relaxed);
        }
        named.any(|named| fits(&named.key) && good(&named.key.key))
    }

    /// Takes a set in the place of the old one; returns how many of its keys can be used.
    pub(super) fn replace(&self, json: &[u8]) -> Result<usize, String> {
        let Self::Set { allowed, keys, .. } = self else {
            return Err(
                "found keys for a backend whose key is fixed, expected one with jwks_url or oidc_issuer".to_owned()
            );
        };
        let set: Set = serde_json::from_slice(json)
            .map_err(|error| format!("found no JSON Web Key Set ({error}), expected {{\"keys\": […]}}"))?;
        let usable: Vec<Named> = set
            .keys
            .into_iter()
            .take(MOST)
            .filter_map(|value| {
                let jwk: Jwk = serde_json::from_value(value).ok()?;
                let key = Key::from_jwk(&jwk, allowed)?;
                Some(Named { id: jwk.common.key_id, key })
            })
            .collect();
        if usable.is_empty() {
            return Err(
                "found a set without a key that can be used, expected an RSA, P-256, P-384 or Ed25519 key".to_owned()
            );
        }
        let count = usable.len();
        *keys.write().unwrap_or_else(PoisonError::into_inner) = usable;
        Ok(count)
    }

    /// True once where a token named a key that is not there.
    pub(super) fn take_missed(&self) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Set { missed, .. } => missed.load(Ordering::Relaxed) && missed.swap(false, Ordering::Relaxed),
        }
    }
}
