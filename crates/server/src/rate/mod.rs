//! Where rate limits are counted: in memory that the processes of a machine share, or in a store for all machines.
//!
//! What counts, and how, is `bolt_core::policy::rate`'s; nothing here may know of a route.

mod memory;
mod redis;
mod tls;

use std::io;
use std::os::fd::RawFd;
use std::sync::OnceLock;

use bolt_core::plan::RateLimits;
use bolt_core::policy::rate::{Cells, words};
use rustix::time::{ClockId, clock_gettime};

use self::memory::Memory;
pub(crate) use self::redis::Link;
pub(crate) use self::redis::Store;

/// What has been counted.
pub(crate) struct Counts {
    words: usize,
    memory: OnceLock<Memory>,
    store: Option<Store>,
}

impl Counts {
    /// Reads a plan; a sentence where it cannot be kept.
    pub(crate) fn new(plan: &RateLimits) -> Result<Self, String> {
        let store = plan.store.as_deref().map(Store::new).transpose()?;
        Ok(Self { words: words(plan.clients), memory: OnceLock::new(), store })
    }

    /// The size of the memory.
    pub(crate) fn bytes(&self) -> usize {
        self.words * size_of::<u64>()
    }

    /// Counts in a file, or without one in memory that goes along with a fork; false where it cannot be used, or
    /// something was counted already.
    pub(crate) fn share(&self, descriptor: Option<RawFd>) -> io::Result<bool> {
        let Some(memory) = Memory::shared(descriptor, self.words)? else { return Ok(false) };
        Ok(self.memory.set(memory).is_ok())
    }

    /// This machine's memory; this process's, where it was not shared.
    pub(crate) fn cells(&self) -> Cells<'_> {
        self.memory.get_or_init(|| Memory::private(self.words)).cells()
    }

    /// The store that is asked first.
    pub(crate) fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }
}

/// Nanoseconds by a clock that all processes of a machine have in common, and that nobody sets.
pub(crate) fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let (seconds, nanoseconds) = (u64::try_from(now.tv_sec), u64::try_from(now.tv_nsec));
    // One second more than it shows: 0 is the time of nothing at all.
    seconds.unwrap_or(0).saturating_add(1).saturating_mul(1_000_000_000).saturating_add(nanoseconds.unwrap_or(0))
}
