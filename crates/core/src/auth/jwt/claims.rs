//! The claims of a token (RFC 7519 4.1): which of them are checked, and how.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::auth::Subject;
use crate::auth::identity::claims;

/// The last second of the year 9999: what comes later is no date.
const END_OF_TIME: f64 = 253_402_300_799.0;

/// Claims in which issuers say what a token is for, where it is not for access.
const PURPOSES: [&str; 4] = ["type", "token_type", "typ", "token_use"];

/// What tokens must say.
#[derive(Debug)]
pub(super) struct Expected {
    /// One of these; empty: any, even none.
    pub(super) audience: Vec<String>,
    /// One of these; empty: any, even none.
    pub(super) issuer: Vec<String>,
    /// Seconds by which clocks may differ.
    pub(super) leeway: u64,
}

/// A token that was found good, and how long it is.
#[derive(Debug, Clone)]
pub(super) struct Verified {
    pub(super) subject: Arc<Subject>,
    /// `exp`.
    end: f64,
    /// The later one of `nbf` and `iat`.
    begin: f64,
}

impl Expected {
    /// Reads the payload of a token whose signature is good; `None` where its claims are not.
    pub(super) fn read(&self, json: Vec<u8>, now: u64) -> Option<Verified> {
        let claims = claims(&json)?;
        let end = date(claims.get("exp")?)?;
        let begin = optional_date(&claims, "nbf")?.max(optional_date(&claims, "iat")?);
        if !is_for_access(&claims) || !self.is_for_us(&claims) {
            return None;
        }
        let user_id = match claims.get("sub") {
            None => None,
            Some(Value::String(id)) if !id.is_empty() => Some(id.clone()),
            Some(Value::Number(id)) if id.is_i64() || id.is_u64() => Some(id.to_string()),
            Some(_) => return None,
        };
        let subject = Arc::new(Subject { user_id, claims, json: json.into_boxed_slice() });
        let verified = Verified { subject, end, begin };
        self.is_current(&verified, now).then_some(verified)
    }

    /// True while a token is good: RFC 7519 4.1.4 and 4.1.5.
    pub(super) fn is_current(&self, verified: &Verified, now: u64) -> bool {
        let (now, leeway) = (seconds(now), seconds(self.leeway));
        now < verified.end + leeway && verified.begin <= now + leeway
    }

    fn is_for_us(&self, claims: &Map<String, Value>) -> bool {
        let issuer = match claims.get("iss") {
            None => self.issuer.is_empty(),
            Some(Value::String(issuer)) => self.issuer.is_empty() || self.issuer.contains(issuer),
            Some(_) => false,
        };
        let known = |value: &Value| value.as_str().is_some_and(|text| self.audience.iter().any(|one| one == text));
        let audience = match claims.get("aud") {
            None => self.audience.is_empty(),
            Some(value @ Value::String(_)) => self.audience.is_empty() || known(value),
            Some(Value::Array(values)) => {
                values.iter().all(Value::is_string) && (self.audience.is_empty() || values.iter().any(known))
            }
            Some(_) => false,
        };
        issuer && audience
    }
}

/// False for what only buys new tokens, and for what only tells who logged in.
fn is_for_access(claims: &Map<String, Value>) -> bool {
    !PURPOSES
        .iter()
        .filter_map(|name| claims.get(*name)?.as_str())
        .any(|purpose| purpose.eq_ignore_ascii_case("refresh") || purpose.eq_ignore_ascii_case("id"))
}

/// A `NumericDate`; anything else that stands in its place makes a token bad, and never is as if nothing stood there.
fn date(value: &Value) -> Option<f64> {
    value.as_f64().filter(|seconds| (0.0..=END_OF_TIME).contains(seconds))
}

fn optional_date(claims: &Map<String, Value>, name: &str) -> Option<f64> {
    claims.get(name).map_or(Some(0.0), date)
}

/// Exact for every second that is a date.
#[allow(clippy::cast_precision_loss)]
fn seconds(whole: u64) -> f64 {
    whole as f64
}
