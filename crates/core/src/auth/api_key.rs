//! Keys from a fixed set.

use std::sync::Arc;

use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::jwk::ThumbprintHash;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::Subject;
use super::identity::claims;

/// Digests of the keys, each with what it proves. The keys themselves are not kept.
pub struct ApiKeys {
    keys: Vec<([u8; 32], Arc<Subject>)>,
}

impl ApiKeys {
    /// Reads keys, each with the claims that it proves as JSON.
    pub fn new<'k>(keys: impl Iterator<Item = (&'k [u8], &'k [u8])>) -> Result<Self, String> {
        let keys = keys.map(|(key, json)| {
            let claims = claims(json).ok_or("the claims of an API key are no JSON object")?;
            Ok((digest(key), Arc::new(Subject { user_id: None, claims, json: json.into() })))
        });
        Ok(Self { keys: keys.collect::<Result<_, String>>()? })
    }

    /// What a key proves. Takes the same time whichever it is, and whether it is one.
    pub fn verify(&self, key: &[u8]) -> Option<&Arc<Subject>> {
        let digest = digest(key);
        let (mut found, mut position) = (Choice::from(0), 0_u32);
        for (index, (known, _)) in (0_u32..).zip(&self.keys) {
            let same = known.ct_eq(&digest);
            position.conditional_assign(&index, same);
            found |= same;
        }
        if !bool::from(found) {
            return None;
        }
        self.keys.get(usize::try_from(position).ok()?).map(|(_, subject)| subject)
    }
}

/// SHA-256: of one length whatever the key's is.
fn digest(key: &[u8]) -> [u8; 32] {
    let digest = (DEFAULT_PROVIDER.jwk_utils.compute_digest)(key, ThumbprintHash::SHA256);
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(digest).for_each(|(byte, found)| *byte = found);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_proves_what_was_said_of_it() {
        let keys: [(&[u8], &[u8]); 2] = [(b"one", br#"{"api_key": "first"}"#), (b"two", b"{}")];
        let keys = ApiKeys::new(keys.into_iter()).unwrap();
        assert_eq!(keys.verify(b"one").unwrap().claims["api_key"], "first");
        assert!(keys.verify(b"two").unwrap().claims.is_empty());
        assert!(keys.verify(b"two").unwrap().user_id.is_none());
        for wrong in [&b""[..], b"on", b"onee", b"One", b"one\0", b"twoone", &vec![b'x'; 100_000]] {
            assert!(keys.verify(wrong).is_none());
        }
    }

    #[test]
    fn without_keys_nobody_passes() {
        let keys = ApiKeys::new([].into_iter()).unwrap();
        assert!(keys.verify(b"").is_none());
    }

    #[test]
    fn digests_are_sha256() {
        assert_eq!(digest(b"")[..4], [0xe3, 0xb0, 0xc4, 0x42]);
    }

    #[test]
    fn claims_that_are_no_object_are_a_mistake() {
        assert!(ApiKeys::new([(&b"k"[..], &b"[]"[..])].into_iter()).is_err());
    }
}
