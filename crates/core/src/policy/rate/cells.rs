//! Cells: the arrivals of many clients in memory of a fixed size, which processes may share.
//!
//! Without locks: a process that is killed at any point leaves nothing behind. A client's cell is one of the few that
//! follow its number's place. A cell whose arrival is past is free, for its client has its whole burst again. Where all
//! of them are taken, the client that is nearest to that loses its cell, and with it at most a burst's worth of
//! memory; nobody is refused for another's sake. Processes that take a cell over at the very same time may count one
//! request of one client for another, or not at all; a client that keeps its cell is counted exactly.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Asked, Quota, Secret};

/// What the first word says of memory that is laid out like this.
const MAGIC: u64 = u64::from_be_bytes(*b"bolt-rt1");
/// Words ahead of the cells: magic, cells, secret.
const HEAD: usize = 8;
/// Cells that may hold a client: four cache lines.
const WINDOW: usize = 16;
/// Times that a cell is looked for again while other processes are busy with the same ones.
const PATIENCE: usize = 64;

/// The arrivals of many clients.
#[derive(Clone, Copy)]
pub struct Cells<'a> {
    words: &'a [AtomicU64],
    mask: usize,
    secret: Secret,
}

/// One client's cell.
struct Cell<'a> {
    key: &'a AtomicU64,
    arrival: &'a AtomicU64,
}

/// Words of memory for so many clients: half as many again, so that few have to look far for a cell.
pub fn words(clients: usize) -> usize {
    HEAD + 2 * (clients + clients / 2).max(WINDOW).next_power_of_two()
}

impl<'a> Cells<'a> {
    /// Reads memory that is laid out, or lays out memory that is all zero; `None` where it is neither.
    ///
    /// Laying out is for one process alone, before any other has the memory.
    pub fn new(memory: &'a [AtomicU64], secret: Secret) -> Option<Self> {
        let (head, cells) = memory.split_at_checked(HEAD)?;
        let [magic, count, first, second, ..] = head else { return None };
        let found = cells.len() / 2;
        if !found.is_power_of_two() || found < WINDOW {
            return None;
        }
        if magic.load(Ordering::Acquire) == 0 {
            count.store(found as u64, Ordering::Relaxed);
            first.store(secret.0, Ordering::Relaxed);
            second.store(secret.1, Ordering::Relaxed);
            magic.store(MAGIC, Ordering::Release);
        }
        if magic.load(Ordering::Acquire) != MAGIC || count.load(Ordering::Relaxed) != found as u64 {
            return None;
        }
        let secret = Secret(first.load(Ordering::Relaxed), second.load(Ordering::Relaxed));
        Some(Self { words: cells, mask: found - 1, secret })
    }

    /// Memory that `new` has read before.
    pub fn known(memory: &'a [AtomicU64], secret: Secret) -> Self {
        let words = memory.get(HEAD..).unwrap_or_default();
        Self { words, mask: (words.len() / 2).wrapping_sub(1), secret }
    }

    /// What the numbers of clients are made with.
    pub fn secret(&self) -> Secret {
        self.secret
    }

    /// A client's arrival; 0 where it has no cell.
    pub fn arrival(&self, key: u128) -> u64 {
        let key = short(key);
        self.window(key)
            .take_while(|cell| cell.key.load(Ordering::Acquire) != 0)
            .find(|cell| cell.key.load(Ordering::Acquire) == key)
            .map_or(0, |cell| cell.arrival.load(Ordering::Acquire))
    }

    /// Counts one more request: a client's arrival behind it, or as an error the one that forbids it.
    pub fn take(&self, key: u128, now: u64, quota: &Quota) -> Result<u64, u64> {
        let key = short(key);
        for _ in 0..PATIENCE {
            let Some(cell) = self.cell(key, now) else { continue };
            let mut arrival = cell.arrival.load(Ordering::Acquire);
            while cell.key.load(Ordering::Acquire) == key {
                let next = quota.take(now, arrival).ok_or(arrival)?;
                match cell.arrival.compare_exchange_weak(arrival, next, Ordering::AcqRel, Ordering::Acquire) {
                    Ok(_) => return Ok(next),
                    Err(found) => arrival = found,
                }
            }
        }
        // Others took every cell each time: this request goes uncounted.
        Ok(now + quota.interval())
    }

    /// Counts one request by each of its limits, or by none of them where one forbids it (`false`); says what is left.
    pub fn admit(&self, now: u64, asked: &mut [Asked]) -> bool {
        if asked.len() > 1 && !self.look(now, asked) {
            return false;
        }
        for index in 0..asked.len() {
            let Some((counted, [one, ..])) = asked.split_at_mut_checked(index) else { break };
            let taken = self.take(one.key, now, &one.quota);
            one.standing = one.quota.standing(now, taken.unwrap_or_else(|arrival| arrival));
            if taken.is_err() {
                // Another request came in between.
                one.standing.remaining = 0;
                for one in counted {
                    self.give_back(one.key, &one.quota);
                }
                return false;
            }
        }
        true
    }

    /// Says what is left without counting; `false` where one of the limits forbids the request.
    pub fn look(&self, now: u64, asked: &mut [Asked]) -> bool {
        for one in &mut *asked {
            one.standing = one.quota.standing(now, self.arrival(one.key));
        }
        asked.iter().all(|one| one.standing.remaining > 0)
    }

    /// Takes back what `take` counted.
    pub fn give_back(&self, key: u128, quota: &Quota) {
        let key = short(key);
        if let Some(cell) = self.window(key).find(|cell| cell.key.load(Ordering::Acquire) == key) {
            let less = |arrival: u64| arrival.checked_sub(quota.interval());
            // One that is 0 was taken over meanwhile.
            let _ = cell.arrival.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
        }
    }

    /// The cells that may hold a client.
    fn window(&self, key: u64) -> impl Iterator<Item = Cell<'a>> + use<'a> {
        let (words, mask) = (self.words, self.mask);
        // The mask keeps the low bits, so what the cast may lose does not count.
        #[allow(clippy::cast_possible_truncation)]
        let start = key as usize;
        (0..WINDOW).filter_map(move |step| {
            let place = (start.wrapping_add(step) & mask) * 2;
            match words.get(place..place + 2)? {
                [key, arrival] => Some(Cell { key, arrival }),
                _ => None,
            }
        })
    }

    /// A client's cell, which may be a new one; `None` where another process was quicker.
    fn cell(&self, key: u64, now: u64) -> Option<Cell<'a>> {
        let mut free = None;
        let mut nearest: Option<(u64, Cell<'a>)> = None;
        for cell in self.window(key) {
            let found = cell.key.load(Ordering::Acquire);
            if found == key {
                return Some(cell);
            }
            let arrival = cell.arrival.load(Ordering::Acquire);
            if found == 0 || arrival <= now {
                free = free.or(Some((found, cell)));
                if found == 0 {
                    // Never used: nobody has a cell behind it.
                    break;
                }
            } else if nearest.as_ref().is_none_or(|(least, _)| arrival < *least) {
                nearest = Some((arrival, cell));
            }
        }
        if let Some((found, cell)) = free {
            return cell.key.compare_exchange(found, key, Ordering::AcqRel, Ordering::Acquire).ok().map(|_| cell);
        }
        let (arrival, cell) = nearest?;
        // Made past first: whoever takes the cell over finds nothing of its client's.
        let _ = cell.arrival.compare_exchange(arrival, 0, Ordering::AcqRel, Ordering::Acquire);
        None
    }
}

/// The half of a client's number that a cell has room for; never 0, which is a cell that was never used.
#[allow(clippy::cast_possible_truncation)]
fn short(key: u128) -> u64 {
    (key as u64).max(1)
}
