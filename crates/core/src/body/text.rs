//! What a JSON text would bring into strings.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// Made once: looking through a short body takes no longer than making it.
static NUL_ESCAPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\\u0000"));

/// True where the body has a `\u0000` escape: NUL, which databases and C libraries choke on.
///
/// An escaped backslash followed by `u0000` is not one.
pub fn has_nul_escape(body: &[u8]) -> bool {
    NUL_ESCAPE.find_iter(body).any(|at| {
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
