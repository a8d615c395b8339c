//! `RawRequest`: what Python's Request is made from; nothing here may interpret it.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use actix_http::header::{self, HeaderName, HeaderValue};
use actix_http::{HttpMessage, Method, Request, Uri, Version};
use bolt_core::auth::{Fields, Identity};
use bolt_core::body::{depth, text};
use bolt_core::param::{cookie, query::Query};
use percent_encoding::percent_decode_str;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::app::Compiled;
use crate::body::Pieces;
use crate::pipeline::access::{self, Access, Identified};
use crate::pipeline::door;
use crate::pipeline::entry::RequestId;

/// One request, owned: cheap to make (names and values are counted references into the read buffer).
#[pyclass(frozen, module = "django_bolt._core")]
pub(crate) struct RawRequest {
    id: Option<RequestId>,
    method: Method,
    uri: Uri,
    version: Version,
    scheme: &'static str,
    headers: Vec<(HeaderName, HeaderValue)>,
    params: Vec<(String, String)>,
    body: Pieces,
    client: Option<SocketAddr>,
    server: Option<SocketAddr>,
    access: Access,
    /// Empty until somebody asks.
    identity: OnceLock<Option<Identity>>,
    app: Arc<Compiled>,
    route: Option<usize>,
}

/// What a [`RawRequest`] needs beside the request itself.
pub(crate) struct Extras {
    pub(crate) params: Vec<(String, String)>,
    pub(crate) body: Pieces,
    pub(crate) server: Option<SocketAddr>,
    pub(crate) app: Arc<Compiled>,
    /// Whose backends tell who the client is; `None`: nobody's.
    pub(crate) route: Option<usize>,
}

impl RawRequest {
    pub(crate) fn new(request: &Request, extras: Extras) -> Self {
        Self {
            id: RequestId::of(request),
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.head().version,
            scheme: door::scheme(request),
            headers: request.headers().iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
            params: extras.params,
            body: extras.body,
            client: request.peer_addr(),
            server: extras.server,
            access: request.extensions().get().copied().unwrap_or_default(),
            identity: request.extensions().get().map_or_else(OnceLock::new, |Identified(known)| known.clone().into()),
            app: extras.app,
            route: extras.route,
        }
    }

    fn query_text(&self) -> &str {
        self.uri.query().unwrap_or("")
    }
}

impl Fields for RawRequest {
    fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s [u8]> {
        self.headers.iter().filter(move |(found, _)| found.as_str() == name).map(|(_, value)| value.as_bytes())
    }
}

/// Header bytes as text: UTF-8 where they are, otherwise Latin-1 as RFC 9110 has it of old.
pub(crate) fn header_text(value: &HeaderValue) -> String {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.to_owned(),
        Err(_) => value.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// The name of a field in Django's `META`.
fn meta_name<'py>(py: Python<'py>, name: &HeaderName) -> Bound<'py, PyString> {
    match name.as_str() {
        "host" => intern!(py, "HTTP_HOST").clone(),
        "user-agent" => intern!(py, "HTTP_USER_AGENT").clone(),
        "accept" => intern!(py, "HTTP_ACCEPT").clone(),
        "accept-encoding" => intern!(py, "HTTP_ACCEPT_ENCODING").clone(),
        "accept-language" => intern!(py, "HTTP_ACCEPT_LANGUAGE").clone(),
        "authorization" => intern!(py, "HTTP_AUTHORIZATION").clone(),
        "connection" => intern!(py, "HTTP_CONNECTION").clone(),
        "cookie" => intern!(py, "HTTP_COOKIE").clone(),
        "content-type" => intern!(py, "CONTENT_TYPE").clone(),
        "content-length" => intern!(py, "CONTENT_LENGTH").clone(),
        other => PyString::new(py, &format!("HTTP_{}", other.to_ascii_uppercase().replace('-', "_"))),
    }
}

/// A field of cookies without what separates it from the next one.
fn trim_cookie(mut value: &[u8]) -> &[u8] {
    while let [rest @ .., b';' | b' '] = value {
        value = rest;
    }
    value
}

fn address(address: SocketAddr) -> (String, u16) {
    (address.ip().to_string(), address.port())
}

#[pymethods]
impl RawRequest {
    /// The client's, where a trusted proxy says it; otherwise the connection's.
    #[getter]
    fn scheme(&self) -> &'static str {
        self.scheme
    }

    #[getter]
    fn method(&self) -> &str {
        self.method.as_str()
    }

    /// The path, percent-decoded.
    #[getter]
    fn path(&self) -> String {
        percent_decode_str(self.uri.path()).decode_utf8_lossy().into_owned()
    }

    #[getter]
    fn raw_path(&self) -> &str {
        self.uri.path()
    }

    #[getter]
    fn query_string(&self) -> &str {
        self.query_text()
    }

    /// Decoded pairs in order; pairs that are no text are left out (routes refuse them before).
    #[getter]
    fn query(&self) -> Vec<(String, String)> {
        match Query::parse(self.query_text(), usize::MAX) {
            Ok(query) => {
                query.pairs().filter_map(|(key, value)| Some((key.to_owned(), value.ok()?.to_owned()))).collect()
            }
            Err(_) => Vec::new(),
        }
    }

    #[getter]
    fn params(&self) -> Vec<(String, String)> {
        self.params.clone()
    }

    /// Names in lower case; repeated ones in their order.
    #[getter]
    fn headers(&self) -> Vec<(String, String)> {
        self.headers.iter().map(|(name, value)| (name.as_str().to_owned(), header_text(value))).collect()
    }

    /// The fields as Django's `META` has them: named as CGI has it, values decoded as Latin-1, repeated ones joined.
    /// Names with an underscore are left out: `X_Real_Ip` would pass for `X-Real-Ip`.
    #[getter]
    fn meta_fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let fields = PyDict::new(py);
        let mut seen: Vec<(&HeaderName, String)> = Vec::with_capacity(self.headers.len());
        for (name, value) in &self.headers {
            if name.as_str().contains('_') {
                continue;
            }
            let cookie = name == header::COOKIE;
            let bytes = if cookie { trim_cookie(value.as_bytes()) } else { value.as_bytes() };
            match seen.iter_mut().find(|(other, _)| *other == name) {
                Some((_, joined)) => {
                    joined.push_str(if cookie { "; " } else { "," });
                    joined.extend(bytes.iter().map(|byte| char::from(*byte)));
                }
                None => seen.push((name, bytes.iter().map(|byte| char::from(*byte)).collect())),
            }
        }
        for (name, value) in seen {
            fields.set_item(meta_name(py, name), value)?;
        }
        Ok(fields)
    }

    #[getter]
    fn cookies(&self) -> Vec<(String, String)> {
        self.headers
            .iter()
            .filter(|(name, _)| name.as_str() == "cookie")
            .flat_map(|(_, value)| {
                let text = header_text(value);
                cookie::parse(&text)
                    .into_iter()
                    .map(|(key, value)| (key.to_string(), value.to_string()))
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.body.to_python(py)
    }

    #[getter]
    fn client(&self) -> Option<(String, u16)> {
        self.client.map(address)
    }

    #[getter]
    fn server(&self) -> Option<(String, u16)> {
        self.server.map(address)
    }

    /// The request's id, the client's or a new one.
    #[getter]
    fn id(&self) -> &str {
        self.id.as_ref().and_then(|RequestId(id)| id.to_str().ok()).unwrap_or_default()
    }

    /// `1.0`, `1.1` or `2`.
    #[getter]
    fn http_version(&self) -> &'static str {
        match self.version {
            Version::HTTP_10 => "1.0",
            Version::HTTP_2 => "2",
            _ => "1.1",
        }
    }

    /// Who the server itself found: which backend told, the user's id, the claims as JSON, whether by cookie.
    #[getter]
    fn identity<'py>(&self, py: Python<'py>) -> Option<(usize, Option<String>, Bound<'py, PyBytes>, bool)> {
        let identity = self.identity.get_or_init(|| {
            let route = self.app.routes.get(self.route?)?;
            access::authenticate(&self.app, &route.auth, self)
        });
        let identity = identity.as_ref()?;
        Some((identity.backend, identity.user_id.clone(), PyBytes::new(py, &identity.json), identity.by_cookie))
    }

    /// True: Python has to tell who may pass.
    #[getter]
    fn undecided(&self) -> bool {
        self.access.undecided
    }

    /// Why a body must not be given to a JSON decoder, as `(line, column, msg)`.
    fn json_refusal(&self, body: &[u8]) -> Option<(usize, usize, String)> {
        let most = self.app.server.limits.json_depth;
        let offset = depth::exceeds(body, most)?;
        let (line, column) = bolt_core::body::position(body, offset);
        Some((line, column, super::errors::too_deep(most)))
    }

    /// True when a body holds an escaped NUL, which no database takes.
    #[staticmethod]
    fn has_nul_escape(body: &[u8]) -> bool {
        text::has_nul_escape(body)
    }
}
