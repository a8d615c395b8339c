//! The proleptic Gregorian calendar.

use super::value::Date;

impl Date {
    /// The day, where it exists and Python's `date` holds it.
    pub(super) fn checked(year: i32, month: u8, day: u8) -> Option<Self> {
        let in_month = 1..=days_in(year, month)?;
        ((1..=9999).contains(&year) && in_month.contains(&day)).then_some(Self { year, month, day })
    }
}

fn days_in(year: i32, month: u8) -> Option<u8> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if leap { 29 } else { 28 }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_that_exist() {
        for (year, month, day) in [(1, 1, 1), (9999, 12, 31), (2024, 2, 29), (2000, 2, 29), (2023, 4, 30)] {
            assert!(Date::checked(year, month, day).is_some());
        }
        for (year, month, day) in [
            (0, 1, 1),
            (10000, 1, 1),
            (2023, 2, 29),
            (1900, 2, 29),
            (2023, 4, 31),
            (2023, 1, 32),
            (2023, 1, 0),
            (2023, 0, 1),
            (2023, 13, 1),
        ] {
            assert!(Date::checked(year, month, day).is_none());
        }
    }
}
