//! The header of a token (RFC 7515 4): what it says of how it was signed.

use std::borrow::Cow;
use std::str::FromStr;

use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// What is believed of a header, until it is compared with the keys.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(borrow, default)]
    kid: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    typ: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "present")]
    crit: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    b64: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    enc: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    zip: Option<IgnoredAny>,
}

/// Something, whatever it is: `null` as well.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<IgnoredAny>, D::Error> {
    IgnoredAny::deserialize(deserializer).map(Some)
}

impl Header {
    /// Reads a header; `None` where the token is of another kind, or asks for what is not understood here.
    pub(super) fn read(json: &[u8]) -> Option<Self> {
        let fields: Fields<'_> = serde_json::from_slice(json).ok()?;
        if [fields.crit, fields.b64, fields.enc, fields.zip].iter().any(Option::is_some) {
            return None;
        }
        // RFC 8725 3.11: tokens made for something else (a logout, a proof of possession) say so here.
        let typ = fields.typ.as_deref().unwrap_or("JWT");
        let typ = typ.strip_prefix("application/").unwrap_or(typ);
        if !typ.eq_ignore_ascii_case("JWT") && !typ.eq_ignore_ascii_case("at+jwt") {
            return None;
        }
        Some(Self { algorithm: Algorithm::from_str(&fields.alg).ok()?, key_id: fields.kid.map(Cow::into_owned) })
    }
}
