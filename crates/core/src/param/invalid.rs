//! Why a text was not taken.

use std::borrow::Cow;

use crate::reply::ErrorType;

/// A refusal, without its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// What was expected; never what the client sent.
    pub msg: Cow<'static, str>,
    /// `TypeError`: not of the type. `ValueError`: a constraint or choice was missed.
    pub kind: ErrorType,
}

impl Invalid {
    /// The text is not of the type.
    pub fn of_type(msg: impl Into<Cow<'static, str>>) -> Self {
        Self { msg: msg.into(), kind: ErrorType::TypeError }
    }

    /// The type is right, the value is not.
    pub fn of_value(msg: impl Into<Cow<'static, str>>) -> Self {
        Self { msg: msg.into(), kind: ErrorType::ValueError }
    }
}
