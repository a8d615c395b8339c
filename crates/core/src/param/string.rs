//! Constraints of text.

use std::fmt::Write as _;

use super::invalid::Invalid;
use super::pattern::Pattern;

/// What a text must be.
#[derive(Debug, Clone)]
pub(super) struct StringRules {
    pub(super) min_length: Option<usize>,
    pub(super) max_length: Option<usize>,
    pub(super) pattern: Option<Pattern>,
}

impl StringRules {
    /// Lengths are in characters. NUL is refused whatever the rules: databases and C libraries choke on it.
    pub(super) fn check(&self, text: &str) -> Result<(), Invalid> {
        if memchr::memchr(0, text.as_bytes()).is_some() {
            return Err(Invalid::of_value("must not contain NUL"));
        }
        if self.min_length.is_some() || self.max_length.is_some() {
            let length = text.chars().count();
            if let Some(min) = self.min_length.filter(|&min| length < min) {
                return Err(Invalid::of_value(format!("expected str of length >= {min}")));
            }
            if let Some(max) = self.max_length.filter(|&max| length > max) {
                return Err(Invalid::of_value(format!("expected str of length <= {max}")));
            }
        }
        match &self.pattern {
            Some(pattern) if !pattern.is_match(text) => {
                Err(Invalid::of_value(format!("expected str matching regex {}", repr(pattern.source()))))
            }
            _ => Ok(()),
        }
    }
}

/// A text in quotes, as Python's `repr` chooses and escapes them.
pub(super) fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(quote);
    for c in text.chars() {
        match c {
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            _ if c == quote => {
                quoted.push('\\');
                quoted.push(c);
            }
            _ if c.is_ascii_control() => {
                // Writing into a String does not fail.
                let _ = write!(quoted, "\\x{:02x}", u32::from(c));
            }
            _ => quoted.push(c),
        }
    }
    quoted.push(quote);
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_characters() {
        let rules = StringRules { min_length: Some(2), max_length: Some(3), pattern: None };
        assert!(rules.check("éé").is_ok());
        assert_eq!(rules.check("é").unwrap_err().msg, "expected str of length >= 2");
        assert_eq!(rules.check("éééé").unwrap_err().msg, "expected str of length <= 3");
        assert_eq!(rules.check("a\0").unwrap_err().msg, "must not contain NUL");
    }

    #[test]
    fn quotes_are_python_s() {
        assert_eq!(repr("a"), "'a'");
        assert_eq!(repr("a'b"), "\"a'b\"");
        assert_eq!(repr("'\""), "'\\'\"'");
        assert_eq!(repr("\\d\n\t\r\u{1}é"), "'\\\\d\\n\\t\\r\\x01é'");
    }
}
