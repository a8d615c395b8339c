//! How often one client may ask: the generic cell rate algorithm (GCRA) in whole nanoseconds.
//!
//! All that is kept of a client is one time, its *arrival*: when its requests so far would have come, had they come
//! evenly. The clock is the caller's; nothing here may read it.

mod cells;
mod fields;
mod key;
mod store;
#[cfg(test)]
mod tests;

pub use cells::{Cells, words};
pub use fields::{limit_field, policy_field, retry_after};
pub use key::{Secret, address, key};
pub use store::{StoreAddress, StoreTls};

use crate::plan::RateLimit;

const SECOND: f64 = 1e9;
/// Nothing is waited for longer: a hundred years and more.
const LONGEST: u64 = 1 << 62;

/// How many requests may come at once, and how long each of them counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    burst: u64,
    /// Nanoseconds between two requests that come evenly.
    interval: u64,
}

/// What a client has left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Requests that may come at once.
    pub remaining: u64,
    /// Nanoseconds until it is one more; 0: it is never more.
    pub next: u64,
}

/// One limit that a request is counted by, and what its client has left of it.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// The client.
    pub key: u128,
    /// The limit.
    pub quota: Quota,
    /// What is left, once that is known.
    pub standing: Standing,
}

impl Quota {
    /// Reads a limit; a sentence where it cannot be kept.
    pub fn new(limit: &RateLimit) -> Result<Self, String> {
        if limit.requests == 0 || limit.burst == 0 || !(limit.window > 0.0 && limit.window.is_finite()) {
            return Err(format!(
                "a rate limit of {} requests in {} s with a burst of {}: expected positive numbers",
                limit.requests, limit.window, limit.burst
            ));
        }
        let burst = u64::from(limit.burst);
        // Rounded up: never more than is stated. The cast saturates, and the bound keeps every sum below in range.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let interval = (limit.window * SECOND / f64::from(limit.requests)).ceil() as u64;
        Ok(Self { burst, interval: interval.clamp(1, LONGEST / burst) })
    }

    /// The same by a clock that counts microseconds; what is called nanoseconds here are those.
    #[must_use]
    pub fn in_micros(self) -> Self {
        Self { interval: self.interval.div_ceil(1000), ..self }
    }

    /// Nanoseconds between two requests that come evenly.
    pub fn interval(&self) -> u64 {
        self.interval
    }

    /// How far a client's arrival may be ahead of the clock.
    pub fn tolerance(&self) -> u64 {
        self.interval * self.burst
    }

    /// A client's arrival after one more request; `None` where that came too soon.
    pub fn take(&self, now: u64, arrival: u64) -> Option<u64> {
        let next = self.bounded(now, arrival).checked_add(self.interval)?;
        (next <= now.saturating_add(self.tolerance())).then_some(next)
    }

    /// What a client has left.
    pub fn standing(&self, now: u64, arrival: u64) -> Standing {
        let ahead = self.bounded(now, arrival) - now;
        let remaining = (self.tolerance() - ahead) / self.interval;
        let next =
            if remaining >= self.burst { 0 } else { ahead - (self.tolerance() - (remaining + 1) * self.interval) };
        Standing { remaining, next }
    }

    /// An arrival that this limit can have brought about: a clock that was set back, or a limit that was another when
    /// the client came, keeps nobody out for longer than a burst does.
    fn bounded(&self, now: u64, arrival: u64) -> u64 {
        arrival.clamp(now, now.saturating_add(self.tolerance()))
    }
}
