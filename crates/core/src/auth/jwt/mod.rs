//! Signed tokens (RFC 7519), as RFC 8725 wants them checked.
//!
//! A key's algorithms are fixed where the key comes from. Of a token's header `alg` is compared with them and `kid` with
//! the names of keys; `jku`, `jwk` and `x5u` are not even read. Nothing here may fetch anything.

mod cache;
mod claims;
mod header;
mod key;
mod keys;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, crypto};

use self::cache::Cache;
use self::claims::{Expected, Verified};
use self::header::Header;
use self::keys::Keys;
use super::Subject;
use crate::plan::Jwt;

/// Bytes of the longest token that is looked at.
pub const MAX_TOKEN: usize = 16 * 1024;

/// Tells whether tokens are good.
pub struct Verifier {
    keys: Keys,
    expected: Expected,
    cache: Cache,
}

impl Verifier {
    /// Reads a plan and its keys (none: a set of them comes later); a sentence where they cannot be used.
    pub fn new(plan: &Jwt, keys: &[Vec<u8>]) -> Result<Self, String> {
        Ok(Self {
            keys: Keys::new(keys, &plan.algorithms)?,
            expected: Expected { audience: plan.audience.clone(), issuer: plan.issuer.clone(), leeway: plan.leeway },
            cache: Cache::default(),
        })
    }

    /// Whom a token is about, if it is good; `now`: seconds since 1970.
    pub fn verify(&self, token: &str, now: u64) -> Option<Arc<Subject>> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        if let Some(known) = self.cache.get(token) {
            return self.expected.is_current(&known, now).then_some(known.subject);
        }
        let generation = self.cache.generation();
        let verified = self.check(token, now)?;
        self.cache.put(token, &verified, generation);
        Some(verified.subject)
    }

    fn check(&self, token: &str, now: u64) -> Option<Verified> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        if signature.is_empty() || payload.contains('.') {
            return None;
        }
        let header = Header::read(&URL_SAFE_NO_PAD.decode(header).ok()?)?;
        let signed = |key: &DecodingKey| {
            crypto::verify(signature, message.as_bytes(), key, header.algorithm).is_ok_and(|good| good)
        };
        if !self.keys.any(&header, signed) {
            return None;
        }
        self.expected.read(URL_SAFE_NO_PAD.decode(payload).ok()?, now)
    }

    /// Replaces the keys by those of a JSON Web Key Set (RFC 7517) that can be used; returns how many. A sentence where
    /// there are none, or where keys are not to come this way: then the old ones stay.
    pub fn set_keys(&self, keys: &[u8]) -> Result<usize, String> {
        let count = self.keys.replace(keys)?;
        // A token may have been signed by a key that is no longer good.
        self.cache.clear();
        Ok(count)
    }

    /// True once where a token named a key that is not in the set.
    pub fn take_missed(&self) -> bool {
        self.keys.take_missed()
    }
}
