//! What a connection waits for, how long it may, and what follows when it takes longer.
//!
//! Told of bytes and of the steps of a request; knows no socket and never reads a clock.

use std::time::{Duration, Instant};

use memchr::memmem;

use crate::plan::{Deadlines, Limits};

#[cfg(test)]
mod tests;

/// How long a refused connection may go on sending before it is closed.
const LINGER: Duration = Duration::from_secs(1);
/// For how long a body may come slowly before its average counts.
const RATE_GRACE: Duration = Duration::from_secs(10);
/// What ends a head.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// The deadlines and limits of a connection; `None`: any.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    idle: Option<Duration>,
    head: Option<Duration>,
    body: Option<Duration>,
    body_rate: u64,
    rate_grace: Duration,
    write: Option<Duration>,
    keep_alive: Option<Duration>,
    max_head: usize,
}

impl Rules {
    /// As the plan has them.
    pub fn new(deadlines: &Deadlines, limits: &Limits) -> Self {
        let seconds = |value: f64| Duration::try_from_secs_f64(value).ok().filter(|length| !length.is_zero());
        let body = seconds(deadlines.body);
        Self {
            idle: seconds(deadlines.idle),
            head: seconds(deadlines.head),
            body,
            body_rate: deadlines.body_rate,
            rate_grace: body.map_or(RATE_GRACE, |body| body.min(RATE_GRACE)),
            write: seconds(deadlines.write),
            keep_alive: seconds(deadlines.keep_alive),
            max_head: limits.head,
        }
    }

    /// With another length for [`Deadlines::keep_alive`].
    #[must_use]
    pub fn keeping_alive(self, length: Duration) -> Self {
        Self { keep_alive: (!length.is_zero()).then_some(length), ..self }
    }
}

/// An answer that a connection gets before the pipeline saw a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// 408.
    Timeout,
    /// 414: the target alone is larger than a head may be.
    TargetTooLong,
    /// 431.
    HeadTooLarge,
}

/// What follows when a deadline has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expired {
    /// Close without a word.
    Close,
    /// Answer and close.
    Refuse(Refusal),
    /// Tell who reads the body, by [`Progress::body_late`].
    Body,
}

/// What the client is expected to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Send the first byte of all.
    Fresh,
    /// Send another request, or close.
    KeepAlive,
    /// Complete a head.
    Head,
    /// Nothing: a handler works.
    Busy,
    /// Send more of the body that is being read.
    Body,
    /// Send the rest of a body that nobody reads, behind its answer.
    Rest,
    /// Read the refusal and close.
    Refused,
}

/// One connection.
#[derive(Debug)]
pub struct Progress {
    phase: Phase,
    /// Since when the phase lasts; set when the clock is read next.
    since: Option<Instant>,
    /// Bytes wait for the client to read; and since when.
    blocked: bool,
    blocked_since: Option<Instant>,
    /// Streams share the connection: a head is no matter of its bytes.
    multiplexed: bool,
    in_flight: usize,
    head: Head,
    body: Body,
}

/// The bytes of heads.
#[derive(Debug, Default)]
struct Head {
    length: usize,
    line_ended: bool,
    ended: bool,
    /// Bytes came that are not of the request being answered.
    surplus: bool,
    /// The last bytes that came.
    tail: [u8; 4],
}

/// The body of the current request.
#[derive(Debug, Default)]
struct Body {
    complete: bool,
    empty: bool,
    late: bool,
    bytes: u64,
    waited: Duration,
}

impl Progress {
    /// A connection that was just accepted.
    pub fn new(multiplexed: bool) -> Self {
        Self {
            phase: Phase::Fresh,
            since: None,
            blocked: false,
            blocked_since: None,
            multiplexed,
            in_flight: 0,
            head: Head::default(),
            body: Body::default(),
        }
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.since = None;
    }

    /// Bytes came; the error is how they are refused.
    pub fn received(&mut self, bytes: &[u8], rules: &Rules) -> Result<(), Refusal> {
        if self.multiplexed {
            if self.in_flight == 0 {
                self.enter(Phase::KeepAlive);
            }
            return Ok(());
        }
        match self.phase {
            Phase::Fresh | Phase::KeepAlive => {
                self.head = Head::default();
                self.enter(Phase::Head);
            }
            Phase::Busy if self.body.complete => self.head.surplus = true,
            _ => {}
        }
        let small = self.phase != Phase::Head || self.head.ended || self.head.fits(bytes, rules.max_head);
        self.head.keep_tail(bytes);
        match (small, self.head.line_ended) {
            (true, _) => Ok(()),
            (false, true) => Err(Refusal::HeadTooLarge),
            (false, false) => Err(Refusal::TargetTooLong),
        }
    }

    /// A request's head is complete; `payload`: a body follows. One that asks first (`Expect`) comes twice.
    pub fn called(&mut self, payload: bool) {
        if self.multiplexed {
            self.in_flight += 1;
        }
        self.head = Head { tail: self.head.tail, ..Head::default() };
        self.body = Body { complete: !payload, empty: !payload, ..Body::default() };
        self.enter(Phase::Busy);
    }

    /// Who reads the body waits for more of it.
    pub fn body_wanted(&mut self) {
        if !self.multiplexed && self.phase == Phase::Busy {
            self.enter(Phase::Body);
        }
    }

    /// Who reads the body got so many bytes; `now` is asked for only where it waited.
    pub fn body_came(&mut self, bytes: usize, now: impl FnOnce() -> Instant) {
        self.body.bytes = self.body.bytes.saturating_add(bytes as u64);
        if self.phase == Phase::Body {
            if let Some(since) = self.since {
                self.body.waited += now().saturating_duration_since(since);
            }
            self.enter(Phase::Busy);
        }
    }

    /// The body was read to its end.
    pub fn body_ended(&mut self) {
        self.body.complete = true;
        if self.phase == Phase::Body {
            self.enter(Phase::Busy);
        }
    }

    /// The body did not come in time.
    pub fn body_late(&self) -> bool {
        self.body.late
    }

    /// A request is answered, but for what still waits to be written.
    pub fn answered(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if self.multiplexed {
            self.enter(Phase::KeepAlive);
        } else if !self.body.complete {
            self.enter(Phase::Rest);
        } else if self.head.surplus || (self.body.empty && self.head.tail != END_OF_HEAD) {
            self.enter(Phase::Head);
        } else {
            self.enter(Phase::KeepAlive);
        }
    }

    /// The connection took no more bytes.
    pub fn write_blocked(&mut self) {
        if !self.blocked {
            self.blocked = true;
            self.blocked_since = None;
        }
    }

    /// The connection took bytes.
    pub fn written(&mut self) {
        if self.blocked {
            self.blocked = false;
            if self.phase == Phase::KeepAlive {
                self.since = None;
            }
        }
    }

    /// A refusal is being written.
    pub fn refused(&mut self) {
        self.enter(Phase::Refused);
    }

    /// True while bytes wait for the client to read.
    pub fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// True where no deadline runs, whatever the time.
    pub fn is_patient(&self) -> bool {
        !self.blocked && (self.phase == Phase::Busy || (self.multiplexed && self.in_flight > 0))
    }

    /// When the current wait has lasted too long.
    pub fn due(&mut self, now: Instant, rules: &Rules) -> Option<Instant> {
        if self.blocked && self.phase != Phase::Refused {
            return Some(*self.blocked_since.get_or_insert(now) + rules.write?);
        }
        if self.is_patient() {
            return None;
        }
        let since = *self.since.get_or_insert(now);
        let length = match self.phase {
            Phase::Fresh => rules.idle,
            Phase::KeepAlive => rules.keep_alive,
            Phase::Head => rules.head,
            Phase::Busy => None,
            Phase::Body => return self.body.due(since, rules),
            Phase::Rest => rules.body,
            Phase::Refused => Some(LINGER),
        };
        Some(since + length?)
    }

    /// The wait has lasted too long: what to do.
    pub fn expire(&mut self) -> Expired {
        if self.blocked {
            return Expired::Close;
        }
        match self.phase {
            Phase::Head => Expired::Refuse(Refusal::Timeout),
            Phase::Body => {
                self.body.late = true;
                self.enter(Phase::Busy);
                Expired::Body
            }
            _ => Expired::Close,
        }
    }
}

impl Head {
    /// Counts bytes of a head that has not ended; false where it is too large.
    fn fits(&mut self, bytes: &[u8], limit: usize) -> bool {
        // Most requests come whole and alone; where in them the head ends is of no interest then.
        if self.length + bytes.len() <= limit && bytes.ends_with(END_OF_HEAD) {
            self.ended = true;
            self.length += bytes.len();
            return true;
        }
        let room = bytes.get(..limit.saturating_sub(self.length)).unwrap_or(bytes);
        self.line_ended = self.line_ended || memchr::memchr(b'\n', room).is_some();
        if let Some(end) = self.end_in(bytes) {
            self.ended = true;
            self.length += end;
        } else {
            self.length += bytes.len();
        }
        self.length <= limit
    }

    /// How many of these bytes belong to the head, where its end is among them.
    fn end_in(&self, bytes: &[u8]) -> Option<usize> {
        let [_, before @ ..] = self.tail;
        let mut seam = [0; 6];
        let beginning = bytes.iter().take(3);
        for (place, byte) in seam.iter_mut().zip(before.iter().chain(beginning)) {
            *place = *byte;
        }
        if self.length > 0
            && let Some(at) = memmem::find(&seam, END_OF_HEAD)
        {
            return Some(at + 1);
        }
        memmem::find(bytes, END_OF_HEAD).map(|at| at + END_OF_HEAD.len())
    }

    fn keep_tail(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last_chunk() {
            self.tail = *last;
        } else {
            for byte in bytes {
                self.tail.rotate_left(1);
                self.tail[3] = *byte;
            }
        }
    }
}

impl Body {
    /// When it has been waited for too long: for its next byte, or for as many as there should be by then.
    fn due(&self, since: Instant, rules: &Rules) -> Option<Instant> {
        let silence = rules.body.map(|length| since + length);
        #[allow(clippy::cast_precision_loss)]
        let slow = (rules.body_rate > 0)
            .then(|| Duration::try_from_secs_f64(self.bytes as f64 / rules.body_rate as f64).ok())
            .flatten()
            .map(|earned| since + earned.max(rules.rate_grace).saturating_sub(self.waited));
        match (silence, slow) {
            (Some(silence), Some(slow)) => Some(silence.min(slow)),
            (one, other) => one.or(other),
        }
    }
}
