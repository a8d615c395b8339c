//! Timestamps in UTC, made once a second.

use std::time::Duration;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY: u64 = 86_400;

/// The text of the current second, in one form.
#[derive(Debug, Default)]
pub(super) struct Clock {
    second: Option<u64>,
    text: String,
}

/// A point in time as a calendar has it.
struct Moment {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

impl Moment {
    /// From seconds since the epoch.
    fn at(seconds: u64) -> Self {
        let (days, time) = (seconds / DAY, seconds % DAY);
        // Days are counted from 1 March 0000, so that a leap day is a year's last: eras of 400 years have 146,097.
        let days = days + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = 400 * era + year_of_era + u64::from(month <= 2);
        Self { year, month, day, hour: time / 3600, minute: time / 60 % 60, second: time % 60 }
    }

    fn month_name(&self) -> &'static str {
        usize::try_from(self.month - 1).ok().and_then(|index| MONTHS.get(index)).copied().unwrap_or("Jan")
    }
}

impl Clock {
    /// `23/Nov/2026:11:06:52 +0000`.
    pub(super) fn combined(&mut self, now: Duration) -> &str {
        self.text(now, |at| {
            let month = at.month_name();
            format!("{:02}/{month}/{:04}:{:02}:{:02}:{:02} +0000", at.day, at.year, at.hour, at.minute, at.second)
        })
    }

    /// `2026-11-23T11:06:52`.
    pub(super) fn iso(&mut self, now: Duration) -> &str {
        self.text(now, |at| {
            let Moment { year, month, day, hour, minute, second } = at;
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
        })
    }

    fn text(&mut self, now: Duration, format: impl Fn(&Moment) -> String) -> &str {
        if self.second != Some(now.as_secs()) {
            self.text = format(&Moment::at(now.as_secs()));
            self.second = Some(now.as_secs());
        }
        &self.text
    }
}
