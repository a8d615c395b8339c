//! Repeated parameters as one value.

use super::coerce::Coercer;
use super::invalid::Invalid;
use super::value::Value;
use crate::plan::ObjectRef;

/// What a list must be.
#[derive(Debug, Clone)]
pub(super) struct ListRules {
    pub(super) item: Box<Coercer>,
    pub(super) min_length: Option<usize>,
    pub(super) max_length: Option<usize>,
    pub(super) into: Option<ObjectRef>,
}

impl ListRules {
    /// All items, or every refusal with the index of its item (`None`: of the list itself).
    pub(super) fn collect<'a>(
        &self,
        texts: &mut dyn Iterator<Item = &'a str>,
    ) -> Result<Value<'a>, Vec<(Option<usize>, Invalid)>> {
        let mut values = Vec::new();
        let mut refusals = Vec::new();
        let mut length = 0;
        for text in texts {
            if let Some(max) = self.max_length.filter(|&max| length >= max) {
                return Err(wrong_length("<=", max));
            }
            match self.item.one(text) {
                Ok(value) => values.push(value),
                Err(invalid) => refusals.push((Some(length), invalid)),
            }
            length += 1;
        }
        if let Some(min) = self.min_length.filter(|&min| length < min) {
            return Err(wrong_length(">=", min));
        }
        if refusals.is_empty() { Ok(Value::List(values, self.into)) } else { Err(refusals) }
    }
}

fn wrong_length(comparison: &str, bound: usize) -> Vec<(Option<usize>, Invalid)> {
    vec![(None, Invalid::of_value(format!("expected array of length {comparison} {bound}")))]
}
