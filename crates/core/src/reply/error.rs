//! The shape of a refusal: `{"detail": [{"loc": […], "msg": "…", "type": "…"}]}`.

use std::borrow::Cow;

use serde::Serialize;

/// The words of `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorType {
    /// Something required is absent.
    MissingField,
    /// The text or value is not of the type.
    TypeError,
    /// The type is right, a constraint is broken.
    ValueError,
    /// The body is not JSON.
    JsonInvalid,
    /// A field that was not asked for.
    ExtraForbidden,
}

impl ErrorType {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::MissingField => "missing_field",
            Self::TypeError => "type_error",
            Self::ValueError => "value_error",
            Self::JsonInvalid => "json_invalid",
            Self::ExtraForbidden => "extra_forbidden",
        }
    }
}

impl From<ErrorType> for Cow<'static, str> {
    fn from(kind: ErrorType) -> Self {
        Self::Borrowed(kind.word())
    }
}

/// One step towards what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Loc {
    /// A source (`path query header cookie form file body`) or a field.
    Key(String),
    /// An item of a list, a line, a column.
    Index(usize),
}

impl From<&str> for Loc {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<String> for Loc {
    fn from(key: String) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for Loc {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Where.
    pub loc: Vec<Loc>,
    /// What, for a person.
    pub msg: String,
    /// What, for a program: a word of [`ErrorType`] or one that Python gave.
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
}

impl FieldError {
    /// `kind` is an [`ErrorType`], a `String` or a `&'static str`.
    pub fn new(loc: Vec<Loc>, msg: impl Into<String>, kind: impl Into<Cow<'static, str>>) -> Self {
        Self { loc, msg: msg.into(), kind: kind.into() }
    }
}

#[derive(Serialize)]
struct Detail<T> {
    detail: T,
}

/// The body of a 422, compact as msgspec writes it.
pub fn validation_body(errors: &[FieldError]) -> Vec<u8> {
    body(errors)
}

/// The body of any other refusal: `{"detail": "…"}`.
pub fn detail_body(detail: &str) -> Vec<u8> {
    body(detail)
}

fn body<T: Serialize>(detail: T) -> Vec<u8> {
    // Strings, lists and whole numbers always serialise.
    serde_json::to_vec(&Detail { detail }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_validation_body_is_compact() {
        let errors = [
            FieldError::new(vec!["query".into(), "n".into(), 2.into()], "expected int", ErrorType::TypeError),
            FieldError::new(vec!["body".into()], "é\"\n\u{1}", "my_word".to_owned()),
        ];
        assert_eq!(
            String::from_utf8(validation_body(&errors)).unwrap(),
            "{\"detail\":[{\"loc\":[\"query\",\"n\",2],\"msg\":\"expected int\",\"type\":\"type_error\"},\
             {\"loc\":[\"body\"],\"msg\":\"é\\\"\\n\\u0001\",\"type\":\"my_word\"}]}"
        );
        assert_eq!(validation_body(&[]), br#"{"detail":[]}"#);
    }

    #[test]
    fn a_detail_body_is_a_string() {
        assert_eq!(detail_body("Not Found"), br#"{"detail":"Not Found"}"#);
    }

    #[test]
    fn words_are_those_of_the_documentation() {
        let words = [
            ErrorType::MissingField,
            ErrorType::TypeError,
            ErrorType::ValueError,
            ErrorType::JsonInvalid,
            ErrorType::ExtraForbidden,
        ]
        .map(ErrorType::word);
        assert_eq!(words, ["missing_field", "type_error", "value_error", "json_invalid", "extra_forbidden"]);
    }
}
