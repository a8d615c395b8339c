//! How deeply a JSON text nests, told without decoding it.
//!
//! A decoder recurses for every `[` and `{`, so a few kilobytes of brackets could exhaust its
//! stack. The scan reads 64 bytes at a time: brackets, quotes and backslashes become bit masks,
//! strings are masked out by the parity of the quotes before them, and single bits are looked at
//! only in a block in which the limit could be passed.

use wide::u8x64;

/// Bytes in a block: the bits of a mask.
const BLOCK: usize = 64;

/// Offset of the first `[` or `{` outside strings that lies deeper than `limit`; `None` where none does.
///
/// A text that is not JSON is scanned as if it were: a decoder stops at its first fault, up to
/// which the two agree.
pub fn exceeds(body: &[u8], limit: usize) -> Option<usize> {
    if body.len() <= limit {
        return None;
    }
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    // Most bodies hold no backslash; knowing it saves a fifth of the scan.
    let mut scan = Scan { plain: memchr::memchr(b'\\', body).is_none(), ..Scan::default() };
    let (blocks, rest) = body.as_chunks::<BLOCK>();
    for (index, block) in blocks.iter().enumerate() {
        if let Some(bit) = scan.block(block, limit) {
            return Some(index * BLOCK + bit);
        }
    }
    let mut last = [b' '; BLOCK];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    scan.block(&last, limit).map(|bit| blocks.len() * BLOCK + bit)
}

/// What one block leaves to the next.
#[derive(Default)]
struct Scan {
    depth: i64,
    /// True: the text has no backslash.
    plain: bool,
    /// All ones inside a string, else 0.
    in_string: u64,
    /// True: the first byte of the next block is escaped.
    escaped: bool,
}

impl Scan {
    /// Takes in a block; the bit of the bracket that passes the limit.
    fn block(&mut self, block: &[u8; BLOCK], limit: i64) -> Option<usize> {
        let bytes = u8x64::new(*block);
        // `[` and `{`, `]` and `}` differ in one bit.
        let folded = bytes | u8x64::splat(0x20);
        let opens = equal(folded, b'{');
        let closes = equal(folded, b'}');
        let escaped = if self.plain { 0 } else { self.escapes(equal(bytes, b'\\')) };
        let quotes = equal(bytes, b'"') & !escaped;
        let strings = prefix_xor(quotes) ^ self.in_string;
        self.in_string = if strings >> 63 == 1 { u64::MAX } else { 0 };

        let opens = opens & !strings;
        let closes = closes & !strings;
        if opens | closes == 0 {
            return None;
        }
        let opened = count(opens);
        if self.depth.saturating_add(opened) > limit
            && let Some(bit) = passes(opens, closes, self.depth, limit)
        {
            return Some(bit);
        }
        self.depth += opened - count(closes);
        None
    }

    /// The bytes that a backslash before them escapes: those after a run of odd length.
    fn escapes(&mut self, backslashes: u64) -> u64 {
        let mut escaped = u64::from(self.escaped);
        self.escaped = false;
        let mut left = backslashes & !escaped;
        while left != 0 {
            let start = left.trailing_zeros();
            let length = (left >> start).trailing_ones();
            let end = start + length;
            if length % 2 == 1 {
                match 1_u64.checked_shl(end) {
                    Some(bit) => escaped |= bit,
                    None => self.escaped = true,
                }
            }
            left &= u64::MAX.checked_shl(end).unwrap_or(0);
        }
        escaped
    }
}

fn equal(bytes: u8x64, byte: u8) -> u64 {
    bytes.simd_eq(u8x64::splat(byte)).to_bitmask()
}

/// The bits that are set: few, so a loop beats the table that `count_ones` is without `popcnt`.
fn count(mut bits: u64) -> i64 {
    let mut count = 0;
    while bits != 0 {
        bits &= bits - 1;
        count += 1;
    }
    count
}

/// Every bit becomes the parity of itself and all lower bits.
fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

/// The bit of the bracket that makes the depth pass the limit.
fn passes(opens: u64, closes: u64, mut depth: i64, limit: i64) -> Option<usize> {
    let mut brackets = opens | closes;
    while brackets != 0 {
        let bit = brackets.trailing_zeros();
        if opens >> bit & 1 == 1 {
            depth += 1;
            if depth > limit {
                return usize::try_from(bit).ok();
            }
        } else {
            depth -= 1;
        }
        brackets &= brackets - 1;
    }
    None
}

#[cfg(test)]
mod tests;
