//! What a client sent, made harmless: printable ASCII goes as it is, everything else as an escape.
//!
//! So no value can end a line or its field, move a terminal's cursor or turn the reading direction.

const HEX: &[u8; 16] = b"0123456789abcdef";
/// Stands where a value was cut.
const CUT: &[u8] = b"...";

/// True for what goes into quotes as it is.
fn is_plain(byte: u8) -> bool {
    // 0x22 and 0x5c are the quote and the backslash.
    matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

/// One pass without a branch, which the compiler turns into SIMD.
fn all_plain(text: &[u8]) -> bool {
    text.iter().fold(true, |plain, byte| plain & is_plain(*byte))
}

fn hex(byte: u8, shift: u8) -> u8 {
    HEX.get(usize::from(byte >> shift & 15)).copied().unwrap_or(b'0')
}

/// Appends at most about `most` bytes; what is not plain becomes `\xHH`, byte by byte, as nginx writes it.
pub(super) fn quoted(out: &mut Vec<u8>, text: &[u8], most: usize) {
    if text.len() <= most && all_plain(text) {
        return out.extend_from_slice(text);
    }
    let end = out.len() + most;
    for byte in text {
        if out.len() >= end {
            return out.extend_from_slice(CUT);
        }
        if is_plain(*byte) {
            out.push(*byte);
        } else {
            out.extend_from_slice(&[b'\\', b'x', hex(*byte, 4), hex(*byte, 0)]);
        }
    }
}

/// Appends at most about `most` bytes for a JSON string; what is not plain becomes `\uHHHH`, what is no UTF-8 U+FFFD.
pub(super) fn json(out: &mut Vec<u8>, text: &[u8], most: usize) {
    if text.len() <= most && all_plain(text) {
        return out.extend_from_slice(text);
    }
    let end = out.len() + most;
    for chunk in text.utf8_chunks() {
        let invalid = (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
        for character in chunk.valid().chars().chain(invalid) {
            if out.len() >= end {
                return out.extend_from_slice(CUT);
            }
            match u8::try_from(character) {
                Ok(byte) if is_plain(byte) => out.push(byte),
                _ => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        let [high, low] = unit.to_be_bytes();
                        let digits = [hex(high, 4), hex(high, 0), hex(low, 4), hex(low, 0)];
                        out.extend_from_slice(b"\\u");
                        out.extend_from_slice(&digits);
                    }
                }
            }
        }
    }
}
