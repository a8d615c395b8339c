//! Grammars of numbers and truth values.
//!
//! All digits are ASCII; no spaces, no underscores, no text longer than [`MOST_DIGITS`] digits or
//! characters, which is where Python's own `int()` stops.

use super::invalid::Invalid;
use super::value::Value;

/// Python's default limit for the conversion of text to `int`.
pub(super) const MOST_DIGITS: usize = 4300;

/// Largest decimal exponent, either way: computing with more would take seconds.
const MOST_EXPONENT: u32 = 999_999;

/// `[+-]?[0-9]+`, at most 4300 digits.
pub(super) fn int(text: &str) -> Result<Value<'_>, Invalid> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || digits.len() > MOST_DIGITS || !all_digits(digits) {
        return Err(Invalid::of_type("expected int"));
    }
    Ok(text.parse().map_or(Value::BigInt(text), Value::Int))
}

/// `[+-]?(digits[.digits]|.digits)([eE][+-]?digits)?`, at most 4300 characters, finite.
pub(super) fn float(text: &str) -> Result<f64, Invalid> {
    let value = if exponent(text).is_some() { text.parse().ok().filter(|value: &f64| value.is_finite()) } else { None };
    value.ok_or_else(|| Invalid::of_type("expected float"))
}

/// The grammar of [`float`], its exponent within ±999999.
pub(super) fn decimal(text: &str) -> Result<Value<'_>, Invalid> {
    let small = |exponent: &str| {
        let digits = exponent.trim_start_matches(['+', '-']).trim_start_matches('0');
        digits.is_empty() || digits.parse().is_ok_and(|size: u32| size <= MOST_EXPONENT)
    };
    match exponent(text) {
        Some(exponent) if small(exponent) => Ok(Value::Decimal(text)),
        _ => Err(Invalid::of_type("expected decimal")),
    }
}

/// `true 1 yes on` and `false 0 no off`, in any case.
pub(super) fn bool(text: &str) -> Result<bool, Invalid> {
    let is = |words: [&str; 4]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(["true", "1", "yes", "on"]) {
        Ok(true)
    } else if is(["false", "0", "no", "off"]) {
        Ok(false)
    } else {
        Err(Invalid::of_type("expected bool"))
    }
}

/// The exponent (empty where there is none) of a text that is a decimal number.
fn exponent(text: &str) -> Option<&str> {
    if text.len() > MOST_DIGITS {
        return None;
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let well_formed = match mantissa.split_once('.') {
        Some((whole, fraction)) => all_digits(whole) && !fraction.is_empty() && all_digits(fraction),
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    let exponent = match exponent {
        Some(exponent) => {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            (!digits.is_empty() && all_digits(digits)).then_some(exponent)?
        }
        None => "",
    };
    well_formed.then_some(exponent)
}

/// True for digits only, and for nothing at all.
pub(super) fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn int_is_python_s_without_its_leniency() {
        assert_eq!(int("+007"), Ok(Value::Int(7)));
        assert_eq!(int("-9223372036854775808"), Ok(Value::Int(i64::MIN)));
        assert_eq!(int("9223372036854775808"), Ok(Value::BigInt("9223372036854775808")));
        for text in ["", "+", "--1", "1_0", " 1", "1 ", "1.0", "1e3", "٣", "0x1", "99999999999999999999x"] {
            assert!(int(text).is_err(), "{text}");
        }
        let most = "9".repeat(MOST_DIGITS);
        assert_eq!(int(&format!("-{most}")), Ok(Value::BigInt(&format!("-{most}"))));
        assert!(int(&format!("{most}9")).is_err());
    }

    #[test]
    fn float_is_finite() {
        for (text, value) in [("1", 1.0), (".5", 0.5), ("-1.5E-3", -0.0015), ("+0.1e+1", 1.0), ("1e-400", 0.0)] {
            assert_eq!(float(text), Ok(value), "{text}");
        }
        assert!(float("-0").is_ok_and(f64::is_sign_negative));
        for text in ["", ".", "1.", "+.e1", "1e", "e1", "1e+", "nan", "inf", "Infinity", "1e999", "1_0", "1 ", "1.2.3"]
        {
            assert!(float(text).is_err(), "{text}");
        }
        assert!(float(&"1".repeat(MOST_DIGITS + 1)).is_err());
    }

    #[test]
    fn decimal_keeps_its_text() {
        assert_eq!(decimal("-01.50e-2"), Ok(Value::Decimal("-01.50e-2")));
        assert!(decimal("1e0000999999").is_ok());
        assert!(decimal("1e-1000000").is_err());
        assert!(decimal("0e99999999999999999999").is_err());
        assert!(decimal("NaN").is_err());
    }
}
