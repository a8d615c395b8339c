//! `Identity`: who a client proved to be.

use std::ops::Deref;
use std::sync::Arc;

use serde::de::{Error, MapAccess, Visitor};
use serde_json::{Map, Value};

/// Who a client proved to be, and by what.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Which of the route's backends told, by its position among them.
    pub backend: usize,
    /// True: by a cookie, which a browser sends whoever asks.
    pub by_cookie: bool,
    /// What was proved; shared, for one token proves it many times.
    pub subject: Arc<Subject>,
}

/// Whom a credential is about.
#[derive(Debug, Default, PartialEq)]
pub struct Subject {
    /// The user's id (`sub`).
    pub user_id: Option<String>,
    /// What is claimed of it.
    pub claims: Map<String, Value>,
    /// The same as JSON.
    pub json: Box<[u8]>,
}

impl Deref for Identity {
    type Target = Subject;

    fn deref(&self) -> &Subject {
        &self.subject
    }
}

/// The claims of a JSON object; `None` where it is none, or holds one twice.
pub(super) fn claims(json: &[u8]) -> Option<Map<String, Value>> {
    let mut decoder = serde_json::Deserializer::from_slice(json);
    let claims = serde::Deserializer::deserialize_map(&mut decoder, Unique).ok()?;
    decoder.end().ok()?;
    Some(claims)
}

/// Reads an object that has each key once: two readers of one that repeats may take different values.
struct Unique;

impl<'de> Visitor<'de> for Unique {
    type Value = Map<String, Value>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut claims = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if claims.insert(name, map.next_value()?).is_some() {
                return Err(A::Error::custom("a claim twice"));
            }
        }
        Ok(claims)
    }
}
