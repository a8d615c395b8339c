//! The plan's [`Coerce`] made ready, and the choice of a grammar by it.

use super::bounds;
use super::invalid::Invalid;
use super::list::ListRules;
use super::number;
use super::pattern::Pattern;
use super::string::{StringRules, repr};
use super::temporal;
use super::uuid::uuid;
use super::value::Value;
use crate::plan::{Coerce, FloatBounds, IntBounds, ObjectRef};
use crate::reply::ErrorType;

/// Turns text into values, by one [`Coerce`] of the plan.
#[derive(Debug, Clone)]
pub struct Coercer(Rule);

#[derive(Debug, Clone)]
enum Rule {
    Str(StringRules),
    Int(IntBounds),
    Float(FloatBounds),
    Decimal,
    Bool,
    Datetime,
    Date,
    Time,
    Timedelta,
    Uuid,
    Choice { values: Vec<(String, ObjectRef)>, expected: String },
    Union { items: Vec<Coercer>, expected: String },
    List(ListRules),
    Convert { call: ObjectRef, many: bool },
}

impl Coercer {
    /// Makes a node of the plan ready.
    ///
    /// # Errors
    /// Why a regular expression can only be run by Python, or what is wrong with the node.
    pub fn compile(plan: &Coerce) -> Result<Self, String> {
        Ok(Self(match plan {
            Coerce::Str { min_length, max_length, pattern } => Rule::Str(StringRules {
                min_length: *min_length,
                max_length: *max_length,
                pattern: pattern.as_deref().map(Pattern::compile).transpose()?,
            }),
            Coerce::Int(bounds) => Rule::Int(*bounds),
            Coerce::Float(bounds) => Rule::Float(*bounds),
            Coerce::Decimal => Rule::Decimal,
            Coerce::Bool => Rule::Bool,
            Coerce::Datetime => Rule::Datetime,
            Coerce::Date => Rule::Date,
            Coerce::Time => Rule::Time,
            Coerce::Timedelta => Rule::Timedelta,
            Coerce::Uuid => Rule::Uuid,
            Coerce::Choice { values } => Rule::Choice { expected: choices(values), values: values.clone() },
            Coerce::Union { items } => {
                let items = items.iter().map(Self::compile).collect::<Result<Vec<_>, _>>()?;
                Rule::Union { expected: alternatives(&items), items }
            }
            Coerce::List { item, min_length, max_length, into } => {
                let item = Box::new(Self::compile(item)?);
                if item.is_list() {
                    return Err("a list of lists cannot be told apart in repeated parameters".to_owned());
                }
                Rule::List(ListRules { item, min_length: *min_length, max_length: *max_length, into: *into })
            }
            Coerce::Convert { call, many } => Rule::Convert { call: *call, many: *many },
        }))
    }

    /// True where all texts of a repeated parameter make one value: use [`Coercer::many`].
    pub fn is_list(&self) -> bool {
        match &self.0 {
            Rule::List(_) => true,
            Rule::Convert { many, .. } => *many,
            Rule::Union { items, .. } => items.iter().any(Self::is_list),
            _ => false,
        }
    }

    /// Coerces one text. A list takes it as its only item.
    ///
    /// # Errors
    /// The first refusal.
    pub fn one<'a>(&self, text: &'a str) -> Result<Value<'a>, Invalid> {
        match &self.0 {
            Rule::Str(rules) => rules.check(text).map(|()| Value::Str(text)),
            Rule::Int(limits) => {
                let value = number::int(text)?;
                bounds::int(&value, limits).map(|()| value)
            }
            Rule::Float(limits) => {
                let value = number::float(text)?;
                bounds::float(value, limits).map(|()| Value::Float(value))
            }
            Rule::Decimal => number::decimal(text),
            Rule::Bool => number::bool(text).map(Value::Bool),
            Rule::Datetime => temporal::datetime(text).map(Value::Datetime),
            Rule::Date => temporal::date(text).map(Value::Date),
            Rule::Time => temporal::time(text).map(Value::Time),
            Rule::Timedelta => temporal::timedelta(text),
            Rule::Uuid => uuid(text).map(Value::Uuid),
            Rule::Choice { values, expected } => values
                .iter()
                .find(|(known, _)| known == text)
                .map(|&(_, value)| Value::Choice(value))
                .ok_or_else(|| Invalid::of_value(expected.clone())),
            Rule::Union { items, expected } => first_of(items, expected, |item| item.one(text)),
            Rule::List(rules) => rules.collect(&mut std::iter::once(text)).map_err(first_refusal),
            Rule::Convert { call, many: false } => Ok(Value::Convert { call: *call, text }),
            Rule::Convert { call, many: true } => Ok(Value::ConvertMany { call: *call, texts: vec![text] }),
        }
    }

    /// Coerces all texts of a repeated parameter. What is no list takes the last one.
    ///
    /// # Errors
    /// Every refusal, with the index of its item; `None` where the list itself is refused.
    pub fn many<'a>(
        &self,
        texts: &mut dyn Iterator<Item = &'a str>,
    ) -> Result<Value<'a>, Vec<(Option<usize>, Invalid)>> {
        match &self.0 {
            Rule::List(rules) => rules.collect(texts),
            Rule::Convert { call, many: true } => Ok(Value::ConvertMany { call: *call, texts: texts.collect() }),
            Rule::Union { items, expected } if self.is_list() => {
                let texts: Vec<&str> = texts.collect();
                first_of(items, expected, |item| item.many(&mut texts.iter().copied()).map_err(first_refusal))
                    .map_err(|invalid| vec![(None, invalid)])
            }
            _ => match texts.last() {
                Some(text) => self.one(text).map_err(|invalid| vec![(None, invalid)]),
                None => Err(vec![(None, Invalid::of_type("expected a value"))]),
            },
        }
    }

    /// What is expected, in a word.
    fn expected(&self) -> &str {
        match &self.0 {
            Rule::Str(_) => "str",
            Rule::Int(_) => "int",
            Rule::Float(_) => "float",
            Rule::Decimal => "decimal",
            Rule::Bool => "bool",
            Rule::Datetime => "datetime",
            Rule::Date => "date",
            Rule::Time => "time",
            Rule::Timedelta => "timedelta",
            Rule::Uuid => "uuid",
            Rule::Choice { expected, .. } | Rule::Union { expected, .. } => {
                expected.strip_prefix("expected ").unwrap_or(expected)
            }
            Rule::List(_) => "array",
            Rule::Convert { .. } => "value",
        }
    }
}

/// What the first member accepts. Where only one member was of the right type, its complaint
/// says more than the list of types.
fn first_of<'a>(
    items: &[Coercer],
    expected: &str,
    coerce: impl Fn(&Coercer) -> Result<Value<'a>, Invalid>,
) -> Result<Value<'a>, Invalid> {
    let mut of_value = Vec::new();
    for item in items {
        match coerce(item) {
            Ok(value) => return Ok(value),
            Err(invalid) if invalid.kind == ErrorType::ValueError => of_value.push(invalid),
            Err(_) => {}
        }
    }
    match (of_value.pop(), of_value.is_empty()) {
        (Some(invalid), true) => Err(invalid),
        (Some(_), false) => Err(Invalid::of_value(expected.to_owned())),
        (None, _) => Err(Invalid::of_type(expected.to_owned())),
    }
}

fn first_refusal(refusals: Vec<(Option<usize>, Invalid)>) -> Invalid {
    let first = refusals.into_iter().next();
    first.map_or_else(|| Invalid::of_type("expected array"), |(_, invalid)| invalid)
}

fn choices(values: &[(String, ObjectRef)]) -> String {
    let texts: Vec<String> = values.iter().map(|(text, _)| repr(text)).collect();
    match texts.as_slice() {
        [only] => format!("expected {only}"),
        _ => format!("expected one of {}", texts.join(", ")),
    }
}

fn alternatives(items: &[Coercer]) -> String {
    let words: Vec<&str> = items.iter().map(Coercer::expected).collect();
    format!("expected {}", words.join(" | "))
}

#[cfg(test)]
mod tests;
