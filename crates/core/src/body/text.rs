//! What a JSON text would bring into strings.

/// True where the body has a `\u0000` escape: NUL, which databases and C libraries choke on.
///
/// An escaped backslash followed by `u0000` is not one.
pub fn has_nul_escape(body: &[u8]) -> bool {
    memchr::memmem::find_iter(body, b"\\u0000").any(|at| {
        let before = body.get(..at).unwrap_or_default();
        before.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 0
    })
}

#[cfg(test)]
mod tests {
    use super::has_nul_escape;

    #[test]
    fn only_a_real_escape_counts() {
        assert!(has_nul_escape(br#""\u0000""#));
        assert!(has_nul_escape(br#""\\\u0000""#));
        assert!(has_nul_escape(br#"["\\u0000", "x\u0000"]"#));
        assert!(!has_nul_escape(br#""\\u0000""#));
        assert!(!has_nul_escape(br#""\\\\u0000""#));
        assert!(!has_nul_escape(br#""\u0001""#));
        assert!(!has_nul_escape(b"u0000"));
        assert!(!has_nul_escape(b""));
    }
}
