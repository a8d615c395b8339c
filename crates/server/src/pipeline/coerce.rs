//! Parameters: looked up and coerced before the GIL is taken; nothing here may touch Python.

use std::borrow::Cow;

use actix_http::header::{self, HeaderValue};
use actix_http::{HttpMessage, Request};
use bolt_core::param::query::Query;
use bolt_core::param::{Invalid, Value, cookie};
use bolt_core::plan::ObjectRef;
use bolt_core::reply::{ErrorType, FieldError, Loc};
use bolt_core::route::PathParams;

use crate::app::{Arg, Lookup, Place, Route};

/// The request, parsed as far as a route reads it.
pub(crate) struct Parts<'a> {
    request: &'a Request,
    params: &'a PathParams,
    query: Query<'a>,
    cookies: Vec<(&'a str, Cow<'a, str>)>,
}

/// An argument, ready to become a Python object.
pub(crate) enum Slot<'a> {
    Request,
    Body,
    /// Its error is already among the errors.
    Refused,
    Default(ObjectRef),
    Value(&'a Lookup, Value<'a>),
    /// Fields by index; an absent optional field is missing.
    Group(Vec<(usize, Value<'a>)>),
}

/// Text that is no text: a NUL, a broken escape or bytes that are not UTF-8.
struct NotText;

impl<'a> Parts<'a> {
    /// Parses what the route reads; the error is the number of query fields allowed.
    pub(crate) fn read(
        request: &'a Request,
        params: &'a PathParams,
        route: &Route,
        fields: usize,
    ) -> Result<Self, usize> {
        let raw = if route.reads.query || route.reads.request { request.uri().query().unwrap_or("") } else { "" };
        let query = Query::parse(raw, fields).map_err(|_| fields)?;
        let cookies = if route.reads.cookies {
            request
                .headers()
                .get_all(header::COOKIE)
                .filter_map(|value| text(value).ok())
                .flat_map(cookie::parse)
                .collect()
        } else {
            Vec::new()
        };
        Ok(Self { request, params, query, cookies })
    }

    /// Coerces every parameter of a route and says everything that is wrong.
    pub(crate) fn coerce(&'a self, route: &'a Route) -> (Vec<Slot<'a>>, Vec<FieldError>) {
        let mut errors = Vec::new();
        let mut slots = Vec::with_capacity(route.args.len());
        for arg in &route.args {
            slots.push(self.slot(arg, &mut errors));
        }
        if route.reads.request
            && let Some(key) = self.query.first_bad()
            && errors.is_empty()
        {
            errors.push(not_text("query", key));
        }
        (slots, errors)
    }

    fn slot(&'a self, arg: &'a Arg, errors: &mut Vec<FieldError>) -> Slot<'a> {
        match arg {
            Arg::Request => Slot::Request,
            Arg::Body(_) => Slot::Body,
            Arg::Param(lookup, default) => match (self.value(lookup), default) {
                (Ok(Some(value)), _) => Slot::Value(lookup, value),
                (Ok(None), Some(default)) => Slot::Default(*default),
                (Ok(None), None) => {
                    errors.push(missing(lookup));
                    Slot::Refused
                }
                (Err(mut found), _) => {
                    errors.append(&mut found);
                    Slot::Refused
                }
            },
            Arg::Group { fields, default, .. } => {
                let before = errors.len();
                let mut values = Vec::with_capacity(fields.len());
                let mut absent = Vec::new();
                for (index, (_, required, lookup)) in fields.iter().enumerate() {
                    match self.value(lookup) {
                        Ok(Some(value)) => values.push((index, value)),
                        Ok(None) if *required => absent.push(missing(lookup)),
                        Ok(None) => {}
                        Err(mut found) => errors.append(&mut found),
                    }
                }
                match default {
                    Some(default) if values.is_empty() && errors.len() == before => return Slot::Default(*default),
                    _ => errors.append(&mut absent),
                }
                if errors.len() == before { Slot::Group(values) } else { Slot::Refused }
            }
        }
    }

    /// The coerced value of one parameter, `None` where it is absent.
    fn value(&'a self, lookup: &'a Lookup) -> Result<Option<Value<'a>>, Vec<FieldError>> {
        if lookup.coercer.is_list() {
            return self.list(lookup);
        }
        match self.last(lookup) {
            None => Ok(None),
            Some(Err(NotText)) => Err(vec![not_text(lookup.place.source().word(), &lookup.wire)]),
            Some(Ok(text)) => match lookup.coercer.one(text) {
                Ok(value) => Ok(Some(value)),
                Err(invalid) => Err(vec![refused(lookup, None, invalid)]),
            },
        }
    }

    fn list(&'a self, lookup: &'a Lookup) -> Result<Option<Value<'a>>, Vec<FieldError>> {
        let mut texts = Vec::new();
        for text in self.all(lookup) {
            match text {
                Ok(text) => texts.push(text),
                Err(NotText) => return Err(vec![not_text(lookup.place.source().word(), &lookup.wire)]),
            }
        }
        if texts.is_empty() {
            return Ok(None);
        }
        lookup
            .coercer
            .many(&mut texts.into_iter())
            .map(Some)
            .map_err(|found| found.into_iter().map(|(index, invalid)| refused(lookup, index, invalid)).collect())
    }

    fn last(&'a self, lookup: &Lookup) -> Option<Result<&'a str, NotText>> {
        match &lookup.place {
            Place::Path(index) => self.params.get(*index).map(Ok),
            Place::Query => self.query.last(&lookup.wire).map(|found| found.map_err(|_| NotText)),
            Place::Header(name) => self.request.headers().get_all(name).last().map(text),
            Place::Cookie => {
                self.cookies.iter().rev().find(|(name, _)| *name == lookup.wire).map(|(_, value)| cookie_text(value))
            }
        }
    }

    fn all(&'a self, lookup: &'a Lookup) -> Vec<Result<&'a str, NotText>> {
        match &lookup.place {
            Place::Path(index) => self.params.get(*index).map(Ok).into_iter().collect(),
            Place::Query => self.query.all(&lookup.wire).map(|found| found.map_err(|_| NotText)).collect(),
            Place::Header(name) => self.request.headers().get_all(name).map(text).collect(),
            Place::Cookie => self
                .cookies
                .iter()
                .filter(|(name, _)| *name == lookup.wire)
                .map(|(_, value)| cookie_text(value))
                .collect(),
        }
    }
}

fn text(value: &HeaderValue) -> Result<&str, NotText> {
    std::str::from_utf8(value.as_bytes()).map_err(|_| NotText)
}

fn cookie_text(value: &str) -> Result<&str, NotText> {
    if value.contains('\0') { Err(NotText) } else { Ok(value) }
}

/// The `loc` of a parameter.
pub(crate) fn loc(lookup: &Lookup, index: Option<usize>) -> Vec<Loc> {
    let mut loc = vec![Loc::Key(lookup.place.source().word().to_owned()), Loc::Key(lookup.wire.clone())];
    loc.extend(index.map(Loc::Index));
    loc
}

fn missing(lookup: &Lookup) -> FieldError {
    FieldError::new(loc(lookup, None), "missing required parameter", ErrorType::MissingField)
}

fn refused(lookup: &Lookup, index: Option<usize>, invalid: Invalid) -> FieldError {
    FieldError::new(loc(lookup, index), invalid.msg, invalid.kind)
}

fn not_text(source: &str, name: &str) -> FieldError {
    let loc = vec![Loc::Key(source.to_owned()), Loc::Key(name.to_owned())];
    FieldError::new(loc, "expected UTF-8 text without NUL", ErrorType::ValueError)
}
