//! The pattern of a route, read and put into matchit's spelling.
//!
//! `{name}` is one non-empty segment (text may stand before or after it in the segment);
//! `{name:path}` is the rest of the path, slashes included, and may be empty.

use crate::percent::hex_pair;

/// Most parameters in one pattern (matchit numbers them by letters).
const MOST_PARAMETERS: usize = 16;

/// A pattern that was found well formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// matchit's spelling, parameters numbered: two patterns that match the same have the same.
    pub(super) normalised: String,
    /// Names of the parameters, in order.
    pub(super) names: Vec<String>,
    /// The pattern up to a final `{name:path}`: the path that it matches with an empty rest.
    pub(super) before_rest: Option<String>,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong and how to fix it.
    pub(super) fn parse(path: &str) -> Result<Self, String> {
        check_text(path)?;
        let mut pattern = Self { normalised: String::with_capacity(path.len()), names: Vec::new(), before_rest: None };
        let segments = path.split('/').skip(1);
        for segment in segments {
            if pattern.before_rest.is_some() {
                return Err("a {name:path} parameter takes the rest of the path: \
                            move it to the end, or use {name} for one segment"
                    .to_owned());
            }
            pattern.normalised.push('/');
            pattern.segment(segment)?;
        }
        if pattern.names.len() > MOST_PARAMETERS {
            return Err(format!(
                "{} parameters found, at most {MOST_PARAMETERS} expected: move some to the query string",
                pattern.names.len()
            ));
        }
        Ok(pattern)
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing into a String does not fail.
        let _ = std::fmt::Write::write_fmt(&mut self.normalised, text);
    }

    fn segment(&mut self, segment: &str) -> Result<(), String> {
        let Some((before, rest)) = segment.split_once('{') else {
            if segment.contains('}') {
                return Err(unbalanced(segment));
            }
            self.normalised.push_str(segment);
            return Ok(());
        };
        let Some((inside, after)) = rest.split_once('}') else {
            return Err(unbalanced(segment));
        };
        if before.contains('}') || inside.contains('{') {
            return Err(unbalanced(segment));
        }
        if after.contains('{') {
            return Err(format!("segment {segment:?} has two parameters, one is expected: put a slash between them"));
        }
        if after.contains('}') {
            return Err(unbalanced(segment));
        }
        self.parameter(segment, before, inside, after)
    }

    fn parameter(&mut self, segment: &str, before: &str, inside: &str, after: &str) -> Result<(), String> {
        let (name, converter) = match inside.split_once(':') {
            Some((name, converter)) => (name, Some(converter)),
            None => (inside, None),
        };
        check_name(name)?;
        if self.names.iter().any(|known| known == name) {
            return Err(format!("the parameter {name:?} appears twice: rename one of the two"));
        }
        let index = self.names.len();
        self.names.push(name.to_owned());
        match converter {
            None => self.push(format_args!("{before}{{{index}}}{after}")),
            Some("path") if before.is_empty() && after.is_empty() => {
                self.before_rest = Some(self.normalised.clone());
                self.push(format_args!("{{*{index}}}"));
            }
            Some("path") => {
                return Err(format!(
                    "segment {segment:?} has text beside a {{name:path}} parameter, which takes whole segments: \
                     put a slash between them"
                ));
            }
            Some(other) => {
                return Err(format!(
                    "{{{inside}}} asks for the converter {other:?}, only \"path\" is known: write {{{name}}} \
                     and annotate the parameter of the handler instead"
                ));
            }
        }
        Ok(())
    }
}

fn check_text(path: &str) -> Result<(), String> {
    if !path.starts_with('/') {
        return Err(format!("a path must start with a slash: write {:?}", format!("/{path}")));
    }
    if let Some(bad) = path.chars().find(|&c| c.is_control() || matches!(c, '?' | '#' | '\\')) {
        return Err(format!(
            "{bad:?} cannot stand in a path: remove it (a query string is declared by the handler's parameters)"
        ));
    }
    let mut rest = path;
    while let Some((_, tail)) = rest.split_once('%') {
        let mut bytes = tail.bytes();
        if hex_pair(bytes.next(), bytes.next()).is_some() {
            return Err("percent escapes are decoded before a path is compared, so this one would never match: \
                        write the character itself"
                .to_owned());
        }
        rest = tail;
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), String> {
    let mut characters = name.chars();
    let starts_well = characters.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if starts_well && characters.all(|c| c.is_alphanumeric() || c == '_') {
        return Ok(());
    }
    Err(format!(
        "{name:?} is not a parameter name: between the braces write the name of the handler's parameter, \
         as in {{id}} or {{rest:path}}"
    ))
}

fn unbalanced(segment: &str) -> String {
    format!("the braces in {segment:?} do not pair up: write each parameter as {{name}} or {{name:path}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered() {
        let pattern = Pattern::parse("/a/{id}/img-{no}.png/{rest:path}").unwrap();
        assert_eq!(pattern.normalised, "/a/{0}/img-{1}.png/{*2}");
        assert_eq!(pattern.names, ["id", "no", "rest"]);
        assert_eq!(pattern.before_rest.as_deref(), Some("/a/{0}/img-{1}.png/"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (path, word) in [
            ("", "start with a slash"),
            ("x", "\"/x\""),
            ("/{id", "pair up"),
            ("/id}", "pair up"),
            ("/}{", "pair up"),
            ("/{{id}}", "pair up"),
            ("/{id}}", "pair up"),
            ("/{a/b}", "pair up"),
            ("/{}", "not a parameter name"),
            ("/{1a}", "not a parameter name"),
            ("/{*a}", "not a parameter name"),
            ("/{a}/{a}", "twice"),
            ("/{a:int}", "annotate"),
            ("/{a:}", "annotate"),
            ("/{a}-{b}", "two parameters"),
            ("/x{a:path}", "text beside"),
            ("/{a:path}/b", "rest of the path"),
            ("/{a:path}/", "rest of the path"),
            ("/a?b", "query string"),
            ("/a b\n", "cannot stand"),
            ("/a%20b", "the character itself"),
        ] {
            let problem = Pattern::parse(path).unwrap_err();
            assert!(problem.contains(word), "{path}: {problem}");
        }
        let many = (0..17).fold(String::new(), |path, i| format!("{path}/{{p{i}}}"));
        assert!(Pattern::parse(&many).unwrap_err().contains("at most 16"));
    }
}
