//! Guards: whether a client may pass.

use serde_json::Value;

use super::Identity;
use crate::plan::Guard;

/// What guards come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may pass.
    Granted,
    /// Nobody is authenticated, and somebody must be (401).
    Unauthorized,
    /// Somebody is, and may not (403).
    Forbidden,
    /// Python has to tell.
    Undecided,
}

/// Asks guards in turn; the first that does not let pass decides.
pub fn stand(guards: &[Guard], identity: Option<&Identity>) -> Standing {
    guards
        .iter()
        .map(|guard| ask(guard, identity))
        .find(|found| *found != Standing::Granted)
        .unwrap_or(Standing::Granted)
}

fn ask(guard: &Guard, identity: Option<&Identity>) -> Standing {
    match (guard, identity) {
        (Guard::AllowAny, _) | (Guard::Authenticated, Some(_)) => Standing::Granted,
        // It may let strangers pass: by their address, say.
        (Guard::Python, _) => Standing::Undecided,
        (_, None) => Standing::Unauthorized,
        (Guard::Flag { claim }, Some(identity)) => told(identity, claim, |value| *value == Value::Bool(true)),
        (Guard::Names { claim, names, all }, Some(identity)) => {
            told(identity, claim, |value| lists(value, names, *all))
        }
    }
}

/// What a claim tells; without it nobody but Python knows.
fn told(identity: &Identity, claim: &str, holds: impl FnOnce(&Value) -> bool) -> Standing {
    match identity.claims.get(claim) {
        None => Standing::Undecided,
        Some(value) if holds(value) => Standing::Granted,
        Some(_) => Standing::Forbidden,
    }
}

fn lists(value: &Value, names: &[String], all: bool) -> bool {
    let Value::Array(found) = value else { return false };
    let has = |name: &String| found.iter().any(|found| found.as_str() == Some(name));
    if all { names.iter().all(has) } else { names.iter().any(has) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Standing::{Forbidden, Granted, Unauthorized, Undecided};
    use super::*;
    use crate::auth::Subject;

    fn somebody(claims: &str) -> Identity {
        let claims = serde_json::from_str(claims).unwrap();
        Identity { backend: 0, by_cookie: false, subject: Arc::new(Subject { claims, ..Subject::default() }) }
    }

    fn names(names: &[&str], all: bool) -> Guard {
        Guard::Names { claim: "permissions".into(), names: names.iter().map(|name| (*name).into()).collect(), all }
    }

    #[test]
    fn strangers_pass_where_anybody_may() {
        assert_eq!(stand(&[], None), Granted);
        assert_eq!(stand(&[Guard::AllowAny], None), Granted);
        assert_eq!(stand(&[Guard::AllowAny, Guard::Authenticated], None), Unauthorized);
        assert_eq!(stand(&[Guard::Flag { claim: "is_staff".into() }], None), Unauthorized);
        assert_eq!(stand(&[names(&["a.b"], true)], None), Unauthorized);
        assert_eq!(stand(&[Guard::Python, Guard::Authenticated], None), Undecided);
    }

    #[test]
    fn a_flag_must_be_true() {
        let guard = [Guard::Flag { claim: "is_staff".into() }];
        for (claims, standing) in [
            (r#"{"is_staff": true}"#, Granted),
            (r#"{"is_staff": false}"#, Forbidden),
            (r#"{"is_staff": 1}"#, Forbidden),
            (r#"{"is_staff": "true"}"#, Forbidden),
            (r#"{"is_staff": null}"#, Forbidden),
            (r#"{"Is_staff": true}"#, Undecided),
        ] {
            assert_eq!(stand(&guard, Some(&somebody(claims))), standing, "{claims}");
        }
    }

    #[test]
    fn names_are_looked_for_in_a_list() {
        let has = somebody(r#"{"permissions": ["a.b", 1, "c.d"]}"#);
        assert_eq!(stand(&[names(&["a.b", "c.d"], true)], Some(&has)), Granted);
        assert_eq!(stand(&[names(&["a.b", "e.f"], true)], Some(&has)), Forbidden);
        assert_eq!(stand(&[names(&["a.b", "e.f"], false)], Some(&has)), Granted);
        assert_eq!(stand(&[names(&["e.f"], false)], Some(&has)), Forbidden);
        assert_eq!(stand(&[names(&["a.b"], true)], Some(&somebody(r#"{"permissions": "a.b"}"#))), Forbidden);
        assert_eq!(stand(&[names(&["a.b"], true)], Some(&somebody("{}"))), Undecided);
    }

    #[test]
    fn the_first_that_does_not_grant_decides() {
        let staff = somebody(r#"{"is_staff": false}"#);
        let flag = Guard::Flag { claim: "is_staff".into() };
        assert_eq!(stand(&[Guard::Authenticated, Guard::Python, flag.clone()], Some(&staff)), Undecided);
        assert_eq!(stand(&[Guard::Authenticated, flag, Guard::Python], Some(&staff)), Forbidden);
    }
}
