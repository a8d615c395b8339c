//! Guards: whether a client may pass.

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
    for guard in guards {
        match (guard, identity) {
            (Guard::AllowAny, _) | (Guard::Authenticated, Some(_)) => {}
            (Guard::Authenticated, None) => return Standing::Unauthorized,
            _ => return Standing::Undecided,
        }
    }
    Standing::Granted
}
