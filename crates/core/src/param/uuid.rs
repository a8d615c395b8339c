//! The grammar of UUIDs.

use super::invalid::Invalid;

/// 32 hexadecimal digits in any case, bare or hyphenated 8-4-4-4-12.
pub(super) fn uuid(text: &str) -> Result<u128, Invalid> {
    let hyphenated = text.len() == 36;
    let mut value: u128 = 0;
    let mut digits = 0;
    for (at, byte) in text.bytes().enumerate() {
        if hyphenated && matches!(at, 8 | 13 | 18 | 23) {
            if byte != b'-' {
                return Err(refused());
            }
            continue;
        }
        let digit = char::from(byte).to_digit(16).ok_or_else(refused)?;
        value = value << 4 | u128::from(digit);
        digits += 1;
        if digits > 32 {
            return Err(refused());
        }
    }
    if digits == 32 { Ok(value) } else { Err(refused()) }
}

fn refused() -> Invalid {
    Invalid::of_type("expected uuid")
}

#[cfg(test)]
mod tests {
    use super::uuid;

    #[test]
    fn two_spellings_in_any_case() {
        let value = 0x1234_5678_9abc_def0_1234_5678_9abc_def0;
        assert_eq!(uuid("12345678-9abc-def0-1234-56789ABCDEF0"), Ok(value));
        assert_eq!(uuid("123456789abcdef0123456789abcdef0"), Ok(value));
        for text in [
            "",
            "123456789abcdef0123456789abcdef",
            "123456789abcdef0123456789abcdef01",
            "{12345678-9abc-def0-1234-56789abcdef0}",
            "12345678-9abc-def0-1234-56789abcdef",
            "12345678-9abc-def0-123456789abcdef01",
            "123456789abcdef0-1234-56789abcdef0-1",
            "g23456789abcdef0123456789abcdef0",
            "urn:uuid:12345678-9abc-def0-1234-56789abcdef0",
        ] {
            assert!(uuid(text).is_err(), "{text}");
        }
    }
}
