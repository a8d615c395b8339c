//! Grammars of dates, times and durations.
//!
//! What is taken is taken by `fromisoformat` of Python 3.11 and later with the same value; what
//! that takes beside it (week dates, hours alone, commas) is not.

use super::invalid::Invalid;
use super::value::{Date, Datetime, Time, Value};

const MICROS_PER_SECOND: i128 = 1_000_000;
const SECONDS_PER_DAY: i128 = 86_400;
const MOST_DAYS: i128 = 999_999_999;

/// `YYYY-MM-DD`, a day that exists, year 1 to 9999.
pub(super) fn date(text: &str) -> Result<Date, Invalid> {
    whole(text, Reader::date).ok_or_else(|| Invalid::of_type("expected date"))
}

/// `HH:MM[:SS[.f]]`, one to six digits of fraction, then nothing, `Z`, `±HH:MM` or `±HHMM`.
pub(super) fn time(text: &str) -> Result<Time, Invalid> {
    whole(text, Reader::time).ok_or_else(|| Invalid::of_type("expected time"))
}

/// A date, `T`, `t` or a space, a time.
pub(super) fn datetime(text: &str) -> Result<Datetime, Invalid> {
    let read = |reader: &mut Reader<'_>| {
        let date = reader.date()?;
        reader.one_of(b"Tt ")?;
        Some(Datetime { date, time: reader.time()? })
    };
    whole(text, read).ok_or_else(|| Invalid::of_type("expected datetime"))
}

/// `[+-]P[nW][nD][T[nH][nM][n[.f]S]]` with at least one part (after `T` too), the fraction of one
/// to six digits, at most 18 digits a number, within Python's `timedelta` (±999999999 days).
pub(super) fn timedelta(text: &str) -> Result<Value<'static>, Invalid> {
    whole(text, Reader::duration).and_then(normalise).ok_or_else(|| Invalid::of_type("expected timedelta"))
}

/// Days, seconds and microseconds, the latter two not negative.
fn normalise(micros: i128) -> Option<Value<'static>> {
    let per_day = SECONDS_PER_DAY * MICROS_PER_SECOND;
    let days = micros.div_euclid(per_day);
    let rest = micros.rem_euclid(per_day);
    if !(-MOST_DAYS..=MOST_DAYS).contains(&days) {
        return None;
    }
    Some(Value::Timedelta {
        days: i32::try_from(days).ok()?,
        seconds: i32::try_from(rest / MICROS_PER_SECOND).ok()?,
        micros: i32::try_from(rest % MICROS_PER_SECOND).ok()?,
    })
}

/// What `read` makes of the text, where nothing is left over.
fn whole<'a, T>(text: &'a str, read: impl FnOnce(&mut Reader<'a>) -> Option<T>) -> Option<T> {
    let mut reader = Reader { rest: text.as_bytes() };
    let value = read(&mut reader)?;
    reader.rest.is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    /// The next byte, where it is one of these.
    fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        bytes.contains(first).then(|| {
            self.rest = rest;
            *first
        })
    }

    fn digit(&mut self) -> Option<u8> {
        self.one_of(b"0123456789").map(|byte| byte - b'0')
    }

    fn two_digits(&mut self) -> Option<u8> {
        Some(self.digit()? * 10 + self.digit()?)
    }

    /// Two digits below `limit`.
    fn below(&mut self, limit: u8) -> Option<u8> {
        self.two_digits().filter(|&number| number < limit)
    }

    fn date(&mut self) -> Option<Date> {
        let year = i32::from(self.two_digits()?) * 100 + i32::from(self.two_digits()?);
        self.one_of(b"-")?;
        let month = self.two_digits()?;
        self.one_of(b"-")?;
        Date::checked(year, month, self.two_digits()?)
    }

    fn time(&mut self) -> Option<Time> {
        let hour = self.below(24)?;
        self.one_of(b":")?;
        let minute = self.below(60)?;
        let (mut second, mut micro) = (0, 0);
        if self.one_of(b":").is_some() {
            second = self.below(60)?;
            if self.one_of(b".").is_some() {
                micro = self.micros()?;
            }
        }
        let offset = self.offset()?;
        Some(Time { hour, minute, second, micro, offset })
    }

    /// One to six digits of a fraction of a second.
    fn micros(&mut self) -> Option<u32> {
        let mut micros = u32::from(self.digit()?) * 100_000;
        for place in [10_000, 1_000, 100, 10, 1] {
            match self.digit() {
                Some(digit) => micros += u32::from(digit) * place,
                None => break,
            }
        }
        Some(micros)
    }

    /// Seconds east of UTC; `Some(None)` where no zone follows.
    #[expect(clippy::option_option, reason = "a wrong zone, no zone, a zone")]
    fn offset(&mut self) -> Option<Option<i32>> {
        if self.rest.is_empty() {
            return Some(None);
        }
        let sign = match self.one_of(b"Z+-")? {
            b'Z' => return Some(Some(0)),
            b'-' => -1,
            _ => 1,
        };
        let hours = i32::from(self.below(24)?);
        // The colon may be left out.
        let _ = self.one_of(b":");
        let minutes = i32::from(self.below(60)?);
        Some(Some(sign * (hours * 3600 + minutes * 60)))
    }

    /// Microseconds.
    fn duration(&mut self) -> Option<i128> {
        let negative = self.one_of(b"+-") == Some(b'-');
        self.one_of(b"P")?;
        let days = [(b'W', 7 * SECONDS_PER_DAY), (b'D', SECONDS_PER_DAY)];
        let clock = [(b'H', 3600), (b'M', 60), (b'S', 1)];
        let mut total = self.parts(&days)?;
        if self.one_of(b"T").is_some() {
            let part = self.parts(&clock)??;
            total = Some(total.unwrap_or(0) + part);
        }
        Some(if negative { -total? } else { total? })
    }

    /// The sum of the parts that follow, each at most once and in this order; `Some(None)` for no part.
    #[expect(clippy::option_option, reason = "a wrong part, no part, parts")]
    fn parts(&mut self, units: &[(u8, i128)]) -> Option<Option<i128>> {
        let mut units = units.iter();
        let mut total = None;
        while self.rest.first().is_some_and(u8::is_ascii_digit) {
            let mut micros = self.number()? * MICROS_PER_SECOND;
            if self.one_of(b".").is_some() {
                micros += i128::from(self.micros()?);
                // Only seconds have a fraction.
                units.by_ref().find(|(letter, _)| *letter == b'S')?;
                self.one_of(b"S")?;
                return Some(Some(total.unwrap_or(0) + micros));
            }
            let (letter, rest) = self.rest.split_first()?;
            let (_, seconds) = units.by_ref().find(|(unit, _)| unit == letter)?;
            self.rest = rest;
            total = Some(total.unwrap_or(0) + micros * seconds);
        }
        Some(total)
    }

    fn number(&mut self) -> Option<i128> {
        let mut number = i128::from(self.digit()?);
        for _ in 0..17 {
            match self.digit() {
                Some(digit) => number = number * 10 + i128::from(digit),
                None => break,
            }
        }
        Some(number)
    }
}

#[cfg(test)]
mod tests;
