//! Regular expressions with Python's meaning, run in linear time.

mod translate;

use regex::Regex;

/// A regular expression of the plan.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    source: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles Python's `source`.
    ///
    /// # Errors
    /// Why only Python can run it: look-around, back references, whatever means something else here.
    pub(super) fn compile(source: &str) -> Result<Self, String> {
        let translated = translate::translate(source)
            .map_err(|reason| format!("the pattern {source:?} is left to Python: {reason}"))?;
        let regex =
            Regex::new(&translated).map_err(|error| format!("the pattern {source:?} is left to Python: {error}"))?;
        Ok(Self { source: source.to_owned(), regex })
    }

    /// The expression as it was declared.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// True where it is found anywhere in `text`, as `re.search` does.
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

#[cfg(test)]
mod tests;
