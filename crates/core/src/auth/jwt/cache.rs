//! Tokens that were found good before: a signature is checked once, and how long it is good each time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::claims::Verified;

/// Tokens that are kept; with one more, all are forgotten.
const TOKENS: usize = 1024;
/// Bytes of the longest that is kept.
const LONGEST: usize = 2048;

/// Good tokens by their text. What is not good is never kept, so nobody but an issuer can fill it.
#[derive(Default)]
pub(super) struct Cache(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    // SipHash with a key of its own: clients choose what is looked up.
    tokens: HashMap<Box<str>, Verified>,
    generation: u64,
}

impl Cache {
    pub(super) fn get(&self, token: &str) -> Option<Verified> {
        if token.len() > LONGEST {
            return None;
        }
        self.lock().tokens.get(token).cloned()
    }

    /// How often everything was forgotten.
    pub(super) fn generation(&self) -> u64 {
        self.lock().generation
    }

    /// Keeps a token, unless everything was forgotten since `generation`.
    pub(super) fn put(&self, token: &str, verified: &Verified, generation: u64) {
        let mut kept = self.lock();
        if token.len() > LONGEST || kept.generation != generation {
            return;
        }
        if kept.tokens.len() >= TOKENS {
            kept.tokens.clear();
        }
        kept.tokens.insert(token.into(), verified.clone());
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        let mut kept = self.lock();
        kept.tokens.clear();
        kept.generation += 1;
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().tokens.len()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
