//! A coerced value, ready to become a Python object.

use crate::plan::ObjectRef;

/// A value that a request brought. Numbers too large for a machine word stay text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `str`.
    Str(&'a str),
    /// `int` within 64 bits.
    Int(i64),
    /// `int` beyond 64 bits: sign and at most 4300 digits, as `int()` takes them.
    BigInt(&'a str),
    /// `float`, finite.
    Float(f64),
    /// `Decimal`: text that its constructor takes.
    Decimal(&'a str),
    /// `bool`.
    Bool(bool),
    /// `datetime`.
    Datetime(Datetime),
    /// `date`.
    Date(Date),
    /// `time`.
    Time(Time),
    /// `timedelta`, as Python normalises it.
    Timedelta {
        /// -999999999..=999999999.
        days: i32,
        /// 0..86400.
        seconds: i32,
        /// 0..1000000.
        micros: i32,
    },
    /// `UUID(int=…)`.
    Uuid(u128),
    /// A Python object of the plan.
    Choice(ObjectRef),
    /// The items, and what turns the list into another collection.
    List(Vec<Value<'a>>, Option<ObjectRef>),
    /// `call(text)` gives the value.
    Convert {
        /// The callable.
        call: ObjectRef,
        /// Its argument.
        text: &'a str,
    },
    /// `call(texts)` gives the value.
    ConvertMany {
        /// The callable.
        call: ObjectRef,
        /// Its argument.
        texts: Vec<&'a str>,
    },
}

/// A day of the proleptic Gregorian calendar that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    /// 1..=9999.
    pub year: i32,
    /// 1..=12.
    pub month: u8,
    /// 1..=31.
    pub day: u8,
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// 0..24.
    pub hour: u8,
    /// 0..60.
    pub minute: u8,
    /// 0..60.
    pub second: u8,
    /// 0..1000000.
    pub micro: u32,
    /// Seconds east of UTC, whole minutes, less than a day either way; 0 is `timezone.utc`, `None` is naive.
    pub offset: Option<i32>,
}

/// A date with a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datetime {
    /// The day.
    pub date: Date,
    /// The time of day and its zone.
    pub time: Time,
}
