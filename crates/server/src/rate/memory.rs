//! `Memory`: the words that cells are laid out in, shared between processes or not.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::AtomicU64;

use bolt_core::policy::rate::{Cells, Secret};

use crate::py::ffi::SharedWords;

/// Memory that is known to hold cells.
pub(crate) struct Memory {
    words: Words,
    secret: Secret,
}

enum Words {
    Shared(SharedWords),
    Private(Box<[AtomicU64]>),
}

impl Words {
    fn get(&self) -> &[AtomicU64] {
        match self {
            Self::Shared(words) => words.words(),
            Self::Private(words) => words,
        }
    }
}

impl Memory {
    /// Memory that processes share; `None` where the file holds something else.
    pub(crate) fn shared(descriptor: Option<RawFd>, count: usize) -> io::Result<Option<Self>> {
        let words = match descriptor {
            Some(descriptor) => SharedWords::of(descriptor, count),
            None => SharedWords::anonymous(count),
        };
        Ok(Self::new(Words::Shared(words?)))
    }

    /// Memory of this process.
    pub(crate) fn private(count: usize) -> Self {
        let shared = SharedWords::anonymous(count).ok().and_then(|words| Self::new(Words::Shared(words)));
        shared.unwrap_or_else(|| {
            let words = (0..count).map(|_| AtomicU64::new(0)).collect();
            Self { words: Words::Private(words), secret: random() }
        })
    }

    fn new(words: Words) -> Option<Self> {
        let secret = Cells::new(words.get(), random())?.secret();
        Some(Self { words, secret })
    }

    /// The cells in it.
    pub(crate) fn cells(&self) -> Cells<'_> {
        Cells::known(self.words.get(), self.secret)
    }
}

/// Unguessable: the standard library's keys come from the system.
fn random() -> Secret {
    Secret(RandomState::new().hash_one(0), RandomState::new().hash_one(1))
}
