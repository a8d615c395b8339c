//! One key, and the algorithms that it is good for: those of its kind, whatever a token says.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm::{
    self, ES256, ES384, EdDSA, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512,
};
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};

pub(super) const HMAC: [Algorithm; 3] = [HS256, HS384, HS512];
const RSA: [Algorithm; 6] = [RS256, RS384, RS512, PS256, PS384, PS512];

/// Fewer bytes hold no RSA key of 2048 bits, and shorter ones are refused by RFC 7518 3.3.
const SMALLEST_RSA: usize = 256;

/// A key and what it is good for.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) key: DecodingKey,
    pub(super) algorithms: Vec<Algorithm>,
}

impl Key {
    /// Reads a shared secret or a PEM public key; with no algorithm named, the usual one of its kind.
    pub(super) fn new(bytes: &[u8], named: &[String]) -> Result<Self, String> {
        let (kind, key, possible) =
            if is_pem(bytes) { public(bytes)? } else { ("a shared secret", secret(bytes)?, &HMAC[..]) };
        let mut algorithms = named_algorithms(named)?;
        if let Some(wrong) = algorithms.iter().find(|algorithm| !possible.contains(algorithm)) {
            return Err(format!(
                "found the algorithm {wrong:?} with {kind}, expected {}; name an algorithm of the key's kind, or \
                 give a key of the algorithm's",
                listed(possible)
            ));
        }
        if algorithms.is_empty() {
            algorithms.extend(possible.first());
        }
        Ok(Self { key, algorithms })
    }

    /// Reads a key of a set; `None` where it signs nothing, or nothing that is allowed.
    pub(super) fn from_jwk(jwk: &Jwk, allowed: &[Algorithm]) -> Option<Self> {
        let common = &jwk.common;
        let for_signing = common.public_key_use.as_ref().is_none_or(|found| *found == PublicKeyUse::Signature)
            && common.key_operations.as_ref().is_none_or(|found| found.contains(&KeyOperations::Verify));
        if !for_signing {
            return None;
        }
        let key = DecodingKey::from_jwk(jwk).ok()?;
        let size = decoded_size(jwk);
        let possible: &[Algorithm] = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) if size >= SMALLEST_RSA => &RSA,
            AlgorithmParameters::EllipticCurve(found) if found.curve == EllipticCurve::P256 && size == 64 => &[ES256],
            AlgorithmParameters::EllipticCurve(found) if found.curve == EllipticCurve::P384 && size == 96 => &[ES384],
            AlgorithmParameters::OctetKeyPair(found) if found.curve == EllipticCurve::Ed25519 && size == 32 => &[EdDSA],
            // A shared secret is never read from a set: those are public.
            _ => return None,
        };
        let named = match &common.key_algorithm {
            None => None,
            Some(named) => Some(Algorithm::from_str(&named.to_string()).ok()?),
        };
        let algorithms: Vec<_> = possible
            .iter()
            .copied()
            .filter(|algorithm| named.is_none_or(|named| named == *algorithm))
            .filter(|algorithm| allowed.is_empty() || allowed.contains(algorithm))
            .collect();
        (!algorithms.is_empty()).then_some(Self { key, algorithms })
    }
}

/// Reads the names of algorithms.
pub(super) fn named_algorithms(names: &[String]) -> Result<Vec<Algorithm>, String> {
    let read = |name: &String| {
        Algorithm::from_str(name).map_err(|_| {
            format!(
                "found the algorithm {name:?}, expected some of {}, {}, ES256, ES384, EdDSA",
                listed(&HMAC),
                listed(&RSA)
            )
        })
    };
    names.iter().map(read).collect()
}

/// The bytes of a key's numbers; 0 where they are none.
fn decoded_size(jwk: &Jwk) -> usize {
    let size = |text: &str| URL_SAFE_NO_PAD.decode(text).map_or(0, |bytes| bytes.len());
    match &jwk.algorithm {
        AlgorithmParameters::RSA(found) => size(&found.n),
        AlgorithmParameters::EllipticCurve(found) => size(&found.x) + size(&found.y),
        AlgorithmParameters::OctetKeyPair(found) => size(&found.x),
        AlgorithmParameters::OctetKey(_) => 0,
    }
}

fn is_pem(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"-----BEGIN ")
}

fn secret(bytes: &[u8]) -> Result<DecodingKey, String> {
    let public = [&b"-----BEGIN "[..], b"ssh-", b"ecdsa-sha2-"];
    if bytes.is_empty() {
        return Err("found an empty secret, expected one that nobody can guess".to_owned());
    }
    // What everybody knows must never be what signs.
    if public.iter().any(|mark| memchr::memmem::find(bytes, mark).is_some()) {
        return Err("found a public key in place of a shared secret, expected a PEM public key by itself, or a secret"
            .to_owned());
    }
    Ok(DecodingKey::from_secret(bytes))
}

type Public = (&'static str, DecodingKey, &'static [Algorithm]);

fn public(pem: &[u8]) -> Result<Public, String> {
    if memchr::memmem::find(pem, b"PRIVATE KEY").is_some() {
        return Err(
            "found a private key, expected the public key that belongs to it: tokens are checked with that".to_owned()
        );
    }
    if let Ok(key) = DecodingKey::from_rsa_pem(pem) {
        if key.as_bytes().len() < SMALLEST_RSA {
            return Err("found an RSA key of fewer than 2048 bits, expected at least as many".to_owned());
        }
        return Ok(("an RSA key", key, &RSA));
    }
    if let Ok(key) = DecodingKey::from_ec_pem(pem) {
        return match key.as_bytes().len() {
            65 => Ok(("a key on the curve P-256", key, &[ES256])),
            97 => Ok(("a key on the curve P-384", key, &[ES384])),
            _ => Err("found a key on another curve, expected P-256 or P-384".to_owned()),
        };
    }
    match DecodingKey::from_ed_pem(pem) {
        Ok(key) if key.as_bytes().len() == 32 => Ok(("an Ed25519 key", key, &[EdDSA])),
        _ => Err("found PEM that holds no key that can be used, expected an RSA, P-256, P-384 or Ed25519 public key"
            .to_owned()),
    }
}

fn listed(algorithms: &[Algorithm]) -> String {
    algorithms.iter().map(|algorithm| format!("{algorithm:?}")).collect::<Vec<_>>().join(", ")
}
