//! Python's regular expressions in the spelling of the `regex` crate.
//!
//! Only what means exactly the same is let through. The two differ in what a word character or a
//! space is, in `$`, in brackets inside a set, in possessive repeats and in most flags.

use std::iter::Peekable;
use std::str::Chars;

/// `str.isalnum` or `_`.
const WORD: &str = r"\p{L}\p{N}_";
/// `str.isspace`, which has four separators that Unicode does not call white space.
const SPACE: &str = r"\s\x1c-\x1f";

/// Translates a pattern.
///
/// # Errors
/// What stands in the way.
pub(super) fn translate(source: &str) -> Result<String, &'static str> {
    let mut translator = Translator { rest: source.chars().peekable(), out: String::with_capacity(source.len() + 8) };
    translator.run()?;
    Ok(translator.out)
}

struct Translator<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
}

impl Translator<'_> {
    fn run(&mut self) -> Result<(), &'static str> {
        while let Some(c) = self.rest.next() {
            match c {
                '\\' => self.escape(false)?,
                '[' => self.set()?,
                '(' => self.group()?,
                '*' | '+' | '?' => self.repeat(c)?,
                '{' => self.counted_repeat()?,
                '$' => self.end()?,
                '^' => self.anchor("^")?,
                '}' | ']' => self.literal(c),
                _ => self.out.push(c),
            }
        }
        Ok(())
    }

    /// A character that stands for itself. (`\<` and its like would be word boundaries.)
    fn literal(&mut self, c: char) {
        self.out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
    }

    /// What follows a backslash, inside a set or outside.
    fn escape(&mut self, in_set: bool) -> Result<(), &'static str> {
        let c = self.rest.next().ok_or("a backslash at the end")?;
        match c {
            'd' | 'D' | 'n' | 'r' | 't' | 'f' | 'v' | 'a' => {
                self.out.push('\\');
                self.out.push(c);
            }
            'w' | 's' | 'W' | 'S' => {
                let members = if c.eq_ignore_ascii_case(&'w') { WORD } else { SPACE };
                self.out.push_str(if c.is_ascii_uppercase() { "[^" } else { "[" });
                self.out.push_str(members);
                self.out.push(']');
            }
            'A' if !in_set => self.anchor(r"\A")?,
            'Z' | 'z' if !in_set => self.anchor(r"\z")?,
            'x' => self.code_point(2)?,
            'u' => self.code_point(4)?,
            'U' => self.code_point(8)?,
            _ if c.is_ascii_punctuation() => self.literal(c),
            _ => return Err("an escape that only Python knows"),
        }
        Ok(())
    }

    fn code_point(&mut self, digits: usize) -> Result<(), &'static str> {
        self.out.push_str(r"\x{");
        for _ in 0..digits {
            let digit = self.rest.next().filter(char::is_ascii_hexdigit);
            self.out.push(digit.ok_or("an escape that is cut short")?);
        }
        self.out.push('}');
        Ok(())
    }

    /// A set of characters; the opening bracket has been read.
    fn set(&mut self) -> Result<(), &'static str> {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        // A bracket that closes at once is a member.
        if self.rest.next_if_eq(&']').is_some() {
            self.literal(']');
        }
        loop {
            match self.rest.next().ok_or("a set that is not closed")? {
                ']' => break,
                '\\' => self.escape(true)?,
                '-' => {
                    if self.rest.peek() == Some(&'-') {
                        return Err("two hyphens in a set");
                    }
                    self.out.push('-');
                }
                c => self.literal(c),
            }
        }
        self.out.push(']');
        Ok(())
    }

    /// A group; the opening parenthesis has been read.
    fn group(&mut self) -> Result<(), &'static str> {
        self.out.push('(');
        if self.rest.next_if_eq(&'?').is_none() {
            return Ok(());
        }
        match (self.rest.next(), self.rest.peek()) {
            (Some(':'), _) => self.out.push_str("?:"),
            (Some('P'), Some('<')) => self.out.push_str("?P"),
            _ => return Err("look-around, a flag or a comment"),
        }
        Ok(())
    }

    /// A repeat; lazy is as good as greedy where only a match is asked for, possessive is not.
    fn repeat(&mut self, repeat: char) -> Result<(), &'static str> {
        self.out.push(repeat);
        self.after_repeat()
    }

    fn after_repeat(&mut self) -> Result<(), &'static str> {
        if self.rest.next_if_eq(&'?').is_some() {
            self.out.push('?');
        }
        self.no_repeat()
    }

    /// A place in the text: nothing to repeat.
    fn anchor(&mut self, anchor: &str) -> Result<(), &'static str> {
        self.out.push_str(anchor);
        self.no_repeat()
    }

    fn no_repeat(&mut self) -> Result<(), &'static str> {
        match self.rest.peek() {
            Some('+' | '*' | '?' | '{') => Err("a repeat of what cannot be repeated"),
            _ => Ok(()),
        }
    }

    /// `{n}`, `{n,}`, `{n,m}` or `{,m}`; the brace has been read.
    fn counted_repeat(&mut self) -> Result<(), &'static str> {
        let mut inside = String::new();
        while let Some(c) = self.rest.next_if(|c| c.is_ascii_digit() || *c == ',') {
            inside.push(c);
        }
        let (fewest, most) = inside.split_once(',').unwrap_or((&inside, "0"));
        let numbers = !most.contains(',') && !(fewest.is_empty() && (most.is_empty() || !inside.contains(',')));
        if self.rest.next() != Some('}') || !numbers {
            return Err("a brace that is no repeat");
        }
        self.out.push('{');
        if fewest.is_empty() {
            self.out.push('0');
        }
        self.out.push_str(&inside);
        self.out.push('}');
        self.after_repeat()
    }

    /// Python's `$` also matches before a final newline: where nothing can follow, that newline
    /// may as well be read.
    fn end(&mut self) -> Result<(), &'static str> {
        let mut ahead = self.rest.clone();
        if ahead.any(|c| c != ')') {
            return Err("$ before the end");
        }
        self.out.push_str(r"(?:\n?\z)");
        Ok(())
    }
}
