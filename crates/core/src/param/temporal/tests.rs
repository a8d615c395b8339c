use proptest::prelude::*;

use super::*;

fn zoned(hour: u8, minute: u8, second: u8, micro: u32, offset: Option<i32>) -> Time {
    Time { hour, minute, second, micro, offset }
}

fn micros_of(text: &str) -> Option<(i32, i32, i32)> {
    match timedelta(text) {
        Ok(Value::Timedelta { days, seconds, micros }) => Some((days, seconds, micros)),
        _ => None,
    }
}

#[test]
fn dates() {
    assert_eq!(date("2024-02-29"), Ok(Date { year: 2024, month: 2, day: 29 }));
    assert_eq!(date("0001-01-01"), Ok(Date { year: 1, month: 1, day: 1 }));
    for text in [
        "",
        "2023-02-29",
        "0000-01-01",
        "2024-1-1",
        "20240101",
        "2024-01-01 ",
        " 2024-01-01",
        "2024-W01-1",
        "2024-01-01T00:00",
        "-024-01-01",
        "２024-01-01",
    ] {
        assert_eq!(date(text), Err(Invalid::of_type("expected date")), "{text}");
    }
}

#[test]
fn times() {
    for (text, value) in [
        ("03:04", zoned(3, 4, 0, 0, None)),
        ("23:59:59", zoned(23, 59, 59, 0, None)),
        ("03:04:05.1", zoned(3, 4, 5, 100_000, None)),
        ("03:04:05.123456", zoned(3, 4, 5, 123_456, None)),
        ("03:04Z", zoned(3, 4, 0, 0, Some(0))),
        ("03:04-00:00", zoned(3, 4, 0, 0, Some(0))),
        ("03:04:05+05:30", zoned(3, 4, 5, 0, Some(19_800))),
        ("03:04:05.000001-0100", zoned(3, 4, 5, 1, Some(-3600))),
        ("00:00+23:59", zoned(0, 0, 0, 0, Some(86_340))),
    ] {
        assert_eq!(time(text), Ok(value), "{text}");
    }
    for text in [
        "",
        "3:04",
        "03",
        "03:04:",
        "03:04:05.",
        "03:04:05.1234567",
        "03:04:05,1",
        "24:00",
        "03:60",
        "03:04:60",
        "03:04z",
        "03:04+24:00",
        "03:04+05",
        "03:04+05:3",
        "03:04+05:60",
        "03:04+05:30:00",
        "03:04 Z",
        "0304",
        "T03:04",
        "03:04ZZ",
    ] {
        assert_eq!(time(text), Err(Invalid::of_type("expected time")), "{text}");
    }
}

#[test]
fn datetimes() {
    let value = Datetime { date: Date { year: 2024, month: 1, day: 2 }, time: zoned(3, 4, 5, 0, Some(0)) };
    for text in ["2024-01-02T03:04:05Z", "2024-01-02t03:04:05+00:00", "2024-01-02 03:04:05.0-0000"] {
        assert_eq!(datetime(text), Ok(value), "{text}");
    }
    for text in [
        "",
        "2024-01-02",
        "2024-01-02T",
        "2024-01-02_03:04",
        "2024-01-02T24:00",
        "2024-02-30T00:00",
        "2024-01-02T03:04 02:00",
    ] {
        assert_eq!(datetime(text), Err(Invalid::of_type("expected datetime")), "{text}");
    }
}

#[test]
fn durations() {
    for (text, value) in [
        ("P1D", (1, 0, 0)),
        ("P1W2DT3H4M5.000006S", (9, 11_045, 6)),
        ("-PT1S", (-1, 86_399, 0)),
        ("+PT0.5S", (0, 0, 500_000)),
        ("-P1DT0.000001S", (-2, 86_399, 999_999)),
        ("PT0S", (0, 0, 0)),
        ("PT36H", (1, 43_200, 0)),
        ("P999999999DT23H59M59.999999S", (999_999_999, 86_399, 999_999)),
        ("-P999999999D", (-999_999_999, 0, 0)),
        ("PT000000000000000060S", (0, 60, 0)),
    ] {
        assert_eq!(micros_of(text), Some(value), "{text}");
    }
    for text in [
        "",
        "P",
        "PT",
        "-P",
        "P1",
        "1D",
        "p1d",
        "P1Y",
        "P1M",
        "P1DT",
        "PT1D",
        "P1H",
        "P1D1W",
        "P1D1D",
        "PT1S1M",
        "PT1.S",
        "PT.5S",
        "PT1.5M",
        "P1.5D",
        "PT1.1234567S",
        "P-1D",
        "P1D ",
        "--P1D",
        "P1000000000D",
        "-P999999999DT1S",
        "PT1234567890123456789S",
        "P1W2",
        "PT1H2",
        "P99999999999999999W",
    ] {
        assert_eq!(micros_of(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(text in any::<String>(), near in "[-+PWDTHMSZ:. 0-9]{0,24}") {
        for text in [text, near] {
            let _ = (date(&text), time(&text), datetime(&text), timedelta(&text));
        }
    }

    #[test]
    fn every_day_that_exists_is_read(year in 1..=9999_i32, month in 1..=12_u8, day in 1..=31_u8) {
        let text = format!("{year:04}-{month:02}-{day:02}");
        prop_assert_eq!(date(&text).ok(), Date::checked(year, month, day));
    }

    #[test]
    fn durations_normalise(days in 0..=999_999_998_i64, seconds in 0..86_400_i64, micros in 0..1_000_000_i64) {
        let text = format!("P{days}DT{seconds}.{micros:06}S");
        let (d, s, m) = micros_of(&text).unwrap();
        prop_assert_eq!((i64::from(d), i64::from(s), i64::from(m)), (days, seconds, micros));
        let (d, s, m) = micros_of(&format!("-{text}")).unwrap();
        let total = i128::from(d) * 86_400_000_000 + i128::from(s) * 1_000_000 + i128::from(m);
        let expected = i128::from(days) * 86_400_000_000 + i128::from(seconds) * 1_000_000 + i128::from(micros);
        prop_assert_eq!(total, -expected);
        prop_assert!((0..86_400).contains(&s) && (0..1_000_000).contains(&m));
    }
}
