//! The access log as text: one request, one line, whatever the client sent; nothing here may write it anywhere.

mod combined;
mod escape;
mod event;
mod json;
mod mask;
mod request_id;
mod time;

pub use event::Event;
pub use request_id::{RequestIds, is_request_id};

use std::time::Duration;

use self::mask::Mask;
use self::time::Clock;
use crate::plan::{AccessLog, LogFormat};

/// Most bytes of a target in a line. With [`FIELD`], a line stays below the 4096 bytes that a pipe takes as one.
const TARGET: usize = 2048;
/// Most bytes of any other thing that a client sends.
const FIELD: usize = 400;

/// Makes the lines of one log.
#[derive(Debug)]
pub struct Lines {
    format: LogFormat,
    mask: Mask,
    clock: Clock,
}

impl Lines {
    /// Lines as the plan wants them. What goes to Python's logging crosses as JSON.
    pub fn new(plan: &AccessLog) -> Self {
        Self { format: plan.format, mask: Mask::new(&plan.mask), clock: Clock::default() }
    }

    /// Appends the line of one request, which was answered `now` (since the epoch).
    pub fn request(&mut self, out: &mut Vec<u8>, event: &Event<'_>, now: Duration) {
        match self.format {
            LogFormat::Combined => combined::request(out, event, &self.mask, self.clock.combined(now)),
            LogFormat::Json | LogFormat::Logging => json::request(out, event, &self.mask, self.clock.iso(now), now),
        }
    }

    /// Appends the line that tells of lines that nobody could take in time.
    pub fn dropped(&mut self, out: &mut Vec<u8>, count: u64, now: Duration) {
        match self.format {
            LogFormat::Combined => combined::dropped(out, count, self.clock.combined(now)),
            LogFormat::Json | LogFormat::Logging => json::dropped(out, count, self.clock.iso(now), now),
        }
    }
}

/// Appends a number in decimal.
fn number(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends a duration in milliseconds with three decimals.
fn milliseconds(out: &mut Vec<u8>, duration: Duration) {
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    number(out, micros / 1000);
    out.push(b'.');
    three_digits(out, micros % 1000);
}

/// Appends a number below 1000 with its zeros.
fn three_digits(out: &mut Vec<u8>, value: u64) {
    for unit in [100, 10, 1] {
        out.push(b'0' + u8::try_from(value / unit % 10).unwrap_or(0));
    }
}

#[cfg(test)]
mod tests;
