//! Quality values (RFC 9110 12.4.2): how much a client wants one thing of a list.

/// A quality in thousandths.
pub(super) const FULL: u16 = 1000;

/// The value of `q` among an item's parameters; 1 where it is absent, 0 where it is nonsense.
pub(super) fn quality<'a>(parameters: impl Iterator<Item = &'a str>) -> u16 {
    for parameter in parameters {
        if let Some((name, value)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("q")
        {
            return thousandths(value.trim()).unwrap_or(0);
        }
    }
    FULL
}

/// `0`, `0.5`, `1.000` and the like.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !matches!(whole, "0" | "1") || fraction.len() > 3 {
        return None;
    }
    let mut value = if whole == "1" { FULL } else { 0 };
    let mut place = 100;
    for digit in fraction.chars() {
        value += u16::try_from(digit.to_digit(10)?).ok()? * place;
        place /= 10;
    }
    (value <= FULL).then_some(value)
}
