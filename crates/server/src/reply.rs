//! Replies: read from Python, written to Actix; nothing here may decide what to answer.

use actix_http::body::BoxBody;
use actix_http::header::{self, HeaderName, HeaderValue};
use actix_http::{ConnectionType, Response, StatusCode};
use bytes::Bytes;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A whole answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
    /// True: the connection ends behind it.
    pub(crate) close: bool,
}

/// Fields of an answer; framing and `Date` are Actix's.
pub(crate) enum Headers {
    /// `content-type: application/json` alone.
    Json,
    /// These.
    Pairs(Vec<(HeaderName, HeaderValue)>),
}

/// What running a handler came to.
pub(crate) enum Outcome {
    /// The answer.
    Reply(Reply),
    /// A coroutine that returns the answer and has yet to be run.
    Continue(Py<PyAny>),
}

impl Reply {
    pub(crate) fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, headers: Headers::Json, body: body.into(), close: false }
    }

    /// `{"detail": …}`.
    pub(crate) fn detail(status: u16, detail: &str) -> Self {
        Self::json(status, bolt_core::reply::detail_body(detail))
    }

    /// Neither body nor fields.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Headers::Pairs(Vec::new()), body: Bytes::new(), close: false }
    }

    /// Ends the connection behind it.
    pub(crate) fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    /// Adds a field.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        let pairs = match self.headers {
            Headers::Json => vec![(header::CONTENT_TYPE, JSON), (name, value)],
            Headers::Pairs(mut pairs) => {
                pairs.push((name, value));
                pairs
            }
        };
        self.headers = Headers::Pairs(pairs);
        self
    }

    /// Reads `(status, headers, body)`.
    pub(crate) fn from_python(value: &Bound<'_, PyAny>) -> PyResult<Self> {
        let wrong = || PyTypeError::new_err(format!("expected (status, headers, body), found {value:?}"));
        let (status, headers, body) =
            value.extract::<(u16, Bound<'_, PyAny>, Bound<'_, PyBytes>)>().map_err(|_| wrong())?;
        let headers = headers.cast::<PyList>().map_err(|_| wrong())?;
        let pairs = headers.iter().map(|pair| field(&pair)).collect::<PyResult<_>>()?;
        if !(200..=599).contains(&status) {
            return Err(PyValueError::new_err(format!("expected a final status from 200 to 599, found {status}")));
        }
        Ok(Self { status, headers: Headers::Pairs(pairs), body: Bytes::copy_from_slice(body.as_bytes()), close: false })
    }

    /// Makes `(status, headers, body)`.
    pub(crate) fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let text = |value: &HeaderValue| value.as_bytes().iter().map(|byte| char::from(*byte)).collect::<String>();
        let headers: Vec<(String, String)> = match &self.headers {
            Headers::Json => vec![(header::CONTENT_TYPE.as_str().to_owned(), text(&JSON))],
            Headers::Pairs(pairs) => {
                pairs.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
            }
        };
        (self.status, headers, PyBytes::new(py, &self.body)).into_bound_py_any(py)
    }

    /// The same answer as Actix writes it. Statuses that have no body (RFC 9110 6.4.1) lose theirs.
    pub(crate) fn into_response(self) -> Response<BoxBody> {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let bodiless = matches!(self.status, 204 | 205 | 304);
        let mut response = if bodiless {
            Response::with_body(status, BoxBody::new(()))
        } else {
            Response::with_body(status, BoxBody::new(self.body))
        };
        if self.close {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        let headers = response.headers_mut();
        match self.headers {
            Headers::Json if bodiless => {}
            Headers::Json => headers.append(header::CONTENT_TYPE, JSON),
            Headers::Pairs(pairs) => {
                for (name, value) in pairs {
                    // Framing is Actix's: a second Content-Length would split the stream.
                    if name != header::CONTENT_LENGTH && name != header::TRANSFER_ENCODING {
                        headers.append(name, value);
                    }
                }
            }
        }
        response
    }
}

fn field(pair: &Bound<'_, PyAny>) -> PyResult<(HeaderName, HeaderValue)> {
    let pair = pair.cast::<PyTuple>()?;
    let (name, value) = pair.extract::<(Bound<'_, PyString>, Bound<'_, PyString>)>()?;
    let (name, value) = (name.to_str()?, value.to_str()?);
    let parsed = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| PyValueError::new_err(format!("{name:?} is no header name")))?;
    // Both refuse control characters, CR and LF among them: nothing can be split.
    let bytes = if value.is_ascii() { HeaderValue::from_str(value) } else { HeaderValue::from_bytes(&latin1(value)) }
        .map_err(|_| PyValueError::new_err(format!("header {name:?} holds a control character: {value:?}")))?;
    Ok((parsed, bytes))
}

/// Latin-1 where the text fits, which is what Python's own servers write; UTF-8 otherwise.
fn latin1(value: &str) -> Vec<u8> {
    value
        .chars()
        .map(|c| u8::try_from(u32::from(c)))
        .collect::<Result<_, _>>()
        .unwrap_or_else(|_| value.as_bytes().to_vec())
}
