//! Arguments: coerced slots and the body become Python objects; nothing here may run a handler.

use bolt_core::body::{depth, text};
use bolt_core::plan::Body;
use bolt_core::reply::{ErrorType, FieldError, Loc};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::coerce::{Slot, loc};
use crate::app::{Arg, Compiled, Lookup, Route};
use crate::body::Pieces;
use crate::py::{errors, value};

/// Makes the arguments of one call; what is wrong with the request is collected in `errors`.
pub(crate) struct Binder<'a, 'py> {
    pub(crate) py: Python<'py>,
    pub(crate) app: &'a Compiled,
    pub(crate) route: &'a Route,
    pub(crate) errors: Vec<FieldError>,
}

impl<'py> Binder<'_, 'py> {
    /// The decoded body, `None` where the route has none or it is wrong.
    pub(crate) fn body(&mut self, body: &Pieces) -> PyResult<Option<Bound<'py, PyAny>>> {
        match &self.route.body {
            None | Some(Body::Raw) => Ok(None),
            Some(Body::Json { default, .. } | Body::Bytes { default }) if body.length() == 0 && default.is_some() => {
                default.map(|index| self.app.object(self.py, index).cloned()).transpose()
            }
            Some(Body::Bytes { .. }) => Ok(Some(body.to_python(self.py)?.into_any())),
            Some(Body::Json { .. }) if body.length() == 0 => {
                self.refuse_body(Vec::new(), "missing required body", ErrorType::MissingField);
                Ok(None)
            }
            Some(Body::Json { decode, .. }) => {
                let decode = self.app.object(self.py, *decode)?.clone();
                self.json(&decode, body)
            }
        }
    }

    fn json(&mut self, decode: &Bound<'py, PyAny>, body: &Pieces) -> PyResult<Option<Bound<'py, PyAny>>> {
        let limit = self.app.server.limits.json_depth;
        let bytes = body.to_python(self.py)?;
        let body = bytes.as_bytes();
        if let Some(offset) = depth::exceeds(body, limit) {
            let (line, column) = bolt_core::body::position(body, offset);
            let place = vec![Loc::Index(line), Loc::Index(column)];
            self.refuse_body(place, errors::too_deep(limit), ErrorType::JsonInvalid);
            return Ok(None);
        }
        match decode.call1((&bytes,)) {
            Ok(decoded) => {
                if text::has_nul_escape(body) {
                    let found = self.app.hooks.nul_errors.bind(self.py).call1((&bytes, &decoded))?;
                    self.errors.append(&mut errors::from_python(&found)?);
                }
                Ok(Some(decoded))
            }
            Err(error) => {
                let found =
                    self.app.hooks.body_errors.bind(self.py).call1((errors::exception(self.py, &error), &bytes))?;
                if found.is_none() {
                    return Err(error);
                }
                self.errors.append(&mut errors::from_python(&found)?);
                Ok(None)
            }
        }
    }

    fn refuse_body(&mut self, place: Vec<Loc>, msg: impl Into<String>, kind: ErrorType) {
        let mut loc = vec![Loc::Key("body".to_owned())];
        loc.extend(place);
        self.errors.push(FieldError::new(loc, msg, kind));
    }

    /// The arguments in order; incomplete where `errors` is not empty afterwards.
    pub(crate) fn arguments(
        &mut self,
        slots: Vec<Slot<'_>>,
        body: Option<&Bound<'py, PyAny>>,
        request: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let mut arguments = Vec::with_capacity(slots.len());
        for (slot, arg) in slots.into_iter().zip(&self.route.args) {
            if let Some(argument) = self.argument(slot, arg, body, request)? {
                arguments.push(argument);
            }
        }
        Ok(arguments)
    }

    fn argument(
        &mut self,
        slot: Slot<'_>,
        arg: &Arg,
        body: Option<&Bound<'py, PyAny>>,
        request: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match (slot, arg) {
            (Slot::Value(lookup, value), _) => self.value(lookup, &value),
            (Slot::Default(index), _) => Ok(Some(self.app.object(self.py, index)?.clone())),
            (Slot::Request, _) => Ok(request.cloned()),
            (Slot::Body, Arg::Body(Some(field))) => body.map(|body| body.getattr(field.bind(self.py))).transpose(),
            (Slot::Body, _) => Ok(body.cloned()),
            (Slot::Group(values), Arg::Group { source, build, fields, .. }) => {
                let keywords = PyDict::new(self.py);
                let before = self.errors.len();
                for (index, value) in &values {
                    if let Some((keyword, _, lookup)) = fields.get(*index)
                        && let Some(value) = self.value(lookup, value)?
                    {
                        keywords.set_item(keyword, value)?;
                    }
                }
                if self.errors.len() > before {
                    return Ok(None);
                }
                match self.app.object(self.py, *build)?.call((), Some(&keywords)) {
                    Ok(group) => Ok(Some(group)),
                    Err(error) => {
                        let (msg, kind) = self.client_error(error)?;
                        self.errors.push(FieldError::new(vec![Loc::Key(source.word().to_owned())], msg, kind));
                        Ok(None)
                    }
                }
            }
            (Slot::Group(_) | Slot::Refused, _) => Ok(None),
        }
    }

    fn value(&mut self, lookup: &Lookup, value: &bolt_core::param::Value<'_>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match value::to_python(self.py, self.app, value) {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                let (msg, kind) = self.client_error(error)?;
                self.errors.push(FieldError::new(loc(lookup, None), msg, kind));
                Ok(None)
            }
        }
    }

    /// What a converter's exception tells the client; an exception that is not about the input goes on.
    fn client_error(&self, error: PyErr) -> PyResult<(String, String)> {
        let told = self.app.hooks.convert_error.bind(self.py).call1((errors::exception(self.py, &error),))?;
        if told.is_none() { Err(error) } else { told.extract() }
    }
}
