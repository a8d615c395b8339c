//! Constraints of numbers, with msgspec's words.

use super::invalid::Invalid;
use super::value::Value;
use crate::plan::{FloatBounds, IntBounds};

/// Checks a whole number of any size: beyond 64 bits it is above, or below, every bound.
pub(super) fn int(value: &Value<'_>, bounds: &IntBounds) -> Result<(), Invalid> {
    // i128 holds every i64; what does not fit into 64 bits compares as its far end.
    let (number, beyond) = match value {
        Value::Int(number) => (i128::from(*number), None),
        Value::BigInt(text) if text.starts_with('-') => (i128::MIN, Some(*text)),
        Value::BigInt(text) => (i128::MAX, Some(*text)),
        _ => return Ok(()),
    };
    let refuse = |what: String| Err(Invalid::of_value(format!("expected int {what}")));
    // Over whole numbers `> 1` is `>= 2`, which is how msgspec puts it.
    let lowest = bounds.gt.map(|gt| i128::from(gt) + 1).max(bounds.ge.map(i128::from));
    if let Some(lowest) = lowest.filter(|&lowest| number < lowest) {
        return refuse(format!(">= {lowest}"));
    }
    let below = bounds.lt.map(|lt| i128::from(lt) - 1);
    let highest = [below, bounds.le.map(i128::from)].into_iter().flatten().min();
    if let Some(highest) = highest.filter(|&highest| number > highest) {
        return refuse(format!("<= {highest}"));
    }
    if let Some(factor) = bounds.multiple_of.filter(|&factor| factor != 0) {
        let rest = match beyond {
            Some(text) => remainder(text, factor.unsigned_abs()),
            None => number % i128::from(factor) != 0,
        };
        if rest {
            return refuse(format!("that's a multiple of {factor}"));
        }
    }
    Ok(())
}

/// True where the digits of `text` are not a multiple of `factor`.
fn remainder(text: &str, factor: u64) -> bool {
    let factor = u128::from(factor);
    let step = |rest: u128, digit: u32| (rest * 10 + u128::from(digit)) % factor;
    text.chars().filter_map(|c| c.to_digit(10)).fold(0, step) != 0
}

/// Checks a double. `multiple_of` is msgspec's: the exact remainder of the two doubles (C's `fmod`)
/// must be 0, without a tolerance, so 0.3 is no multiple of 0.1.
pub(super) fn float(value: f64, bounds: &FloatBounds) -> Result<(), Invalid> {
    let refuse = |what: &str, bound: f64| Err(Invalid::of_value(format!("expected float {what} {}", repr(bound))));
    if let Some(gt) = bounds.gt.filter(|&gt| value <= gt) {
        return refuse(">", gt);
    }
    if let Some(ge) = bounds.ge.filter(|&ge| value < ge) {
        return refuse(">=", ge);
    }
    if let Some(lt) = bounds.lt.filter(|&lt| value >= lt) {
        return refuse("<", lt);
    }
    if let Some(le) = bounds.le.filter(|&le| value > le) {
        return refuse("<=", le);
    }
    if let Some(factor) = bounds.multiple_of.filter(|&factor| factor != 0.0 && value % factor != 0.0) {
        return refuse("that's a multiple of", factor);
    }
    Ok(())
}

/// A double as Python's `repr` has it: `1.0`, `0.1`, `1e-07`, `1e+16`.
fn repr(value: f64) -> String {
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        return format!("{value:?}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(result: Result<(), Invalid>) -> String {
        result.map_or_else(|invalid| invalid.msg.into_owned(), |()| String::new())
    }

    #[test]
    fn whole_numbers() {
        let bounds = IntBounds { gt: Some(1), lt: Some(10), multiple_of: Some(3), ..IntBounds::default() };
        assert_eq!(message(int(&Value::Int(3), &bounds)), "");
        assert_eq!(message(int(&Value::Int(1), &bounds)), "expected int >= 2");
        assert_eq!(message(int(&Value::Int(10), &bounds)), "expected int <= 9");
        assert_eq!(message(int(&Value::Int(4), &bounds)), "expected int that's a multiple of 3");
        let most = IntBounds { gt: Some(i64::MAX), ..IntBounds::default() };
        assert_eq!(message(int(&Value::Int(i64::MAX), &most)), "expected int >= 9223372036854775808");
        assert_eq!(message(int(&Value::BigInt("9223372036854775808"), &most)), "");
        let big = "100000000000000000000";
        let tens = IntBounds { ge: Some(0), multiple_of: Some(10), ..IntBounds::default() };
        assert_eq!(message(int(&Value::BigInt(big), &tens)), "");
        assert_eq!(message(int(&Value::BigInt("-100000000000000000000"), &tens)), "expected int >= 0");
        let threes = IntBounds { multiple_of: Some(3), ..IntBounds::default() };
        assert_eq!(message(int(&Value::BigInt(big), &threes)), "expected int that's a multiple of 3");
    }

    #[test]
    fn doubles() {
        let bounds = FloatBounds { gt: Some(0.0), le: Some(3.0), ..FloatBounds::default() };
        assert_eq!(message(float(0.0, &bounds)), "expected float > 0.0");
        assert_eq!(message(float(3.0, &bounds)), "");
        assert_eq!(message(float(3.5, &bounds)), "expected float <= 3.0");
        let tenths = FloatBounds { multiple_of: Some(0.1), ..FloatBounds::default() };
        assert_eq!(message(float(0.3, &tenths)), "expected float that's a multiple of 0.1");
        assert_eq!(message(float(0.2, &tenths)), "");
    }

    #[test]
    fn doubles_are_written_as_python_does() {
        for (value, text) in [
            (1e-7, "1e-07"),
            (1e16, "1e+16"),
            (1.5e-300, "1.5e-300"),
            (1e15, "1000000000000000.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-2.5, "-2.5"),
            (0.0, "0.0"),
        ] {
            assert_eq!(repr(value), text);
        }
    }
}
