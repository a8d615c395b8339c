//! Where in a text a byte stands, for a person.

/// Line and column, both from 1, of the byte at `offset`; columns count characters.
///
/// An offset past the end is the place after the last byte. Invalid UTF-8 is counted as it comes.
pub fn position(body: &[u8], offset: usize) -> (usize, usize) {
    let before = body.get(..offset).unwrap_or(body);
    let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let continuation = |byte: &&u8| (**byte & 0b1100_0000) != 0b1000_0000;
    let column = before.iter().skip(start).filter(continuation).count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::position;

    #[test]
    fn lines_and_columns_start_at_one() {
        assert_eq!(position(b"", 0), (1, 1));
        assert_eq!(position(b"{]", 1), (1, 2));
        assert_eq!(position(b"a\nbc", 2), (2, 1));
        assert_eq!(position(b"a\nbc", 3), (2, 2));
        assert_eq!(position(b"a\r\n\nb", 99), (3, 2));
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(position("\n\"é€😀\"x".as_bytes(), 12), (2, 6));
    }
}
