//! Tells browsers which other origins may read an answer; answers preflights. Who may is decided in `bolt_core`.

use actix_http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_http::{HttpMessage, Method, Request, Response, StatusCode};
use bolt_core::plan::Cors;
use bolt_core::policy::CorsPolicy;
use bolt_core::policy::cors::Reader;

use super::add_vary;
use crate::reply::Reply;

const ANYONE: HeaderValue = HeaderValue::from_static("*");
const TRUE: HeaderValue = HeaderValue::from_static("true");

/// A policy, ready to be asked.
pub(crate) struct Origins {
    policy: CorsPolicy,
    expose: Option<HeaderValue>,
    max_age: HeaderValue,
}

/// The method of the request that a preflight asks about; `None`: it is no preflight (Fetch, 4.8).
pub(super) fn preflight(request: &Request) -> Option<&str> {
    if request.method() != Method::OPTIONS || !request.headers().contains_key(header::ORIGIN) {
        return None;
    }
    text(request.headers(), &header::ACCESS_CONTROL_REQUEST_METHOD)
}

impl Origins {
    /// Reads a policy; a sentence where it cannot be kept.
    pub(super) fn new(policy: &Cors) -> Result<Self, String> {
        let policy = CorsPolicy::new(policy)?;
        let expose = policy.expose.as_deref().map(HeaderValue::from_str).transpose();
        Ok(Self {
            expose: expose.map_err(|_| format!("CORS: {:?} are no header names", policy.expose))?,
            max_age: HeaderValue::from(policy.max_age),
            policy,
        })
    }

    /// Whether pages of an origin may read the answers that cookies open.
    pub(super) fn shares_credentials(&self, origin: &[u8]) -> bool {
        self.policy.shares_credentials(origin)
    }

    /// The answer to a preflight; what every answer gets comes later. An origin that may not read is told nothing.
    pub(crate) fn preflight(&self, request: &Request) -> Option<Reply> {
        let asked = preflight(request)?;
        let vary = HeaderValue::from_static("Access-Control-Request-Method, Access-Control-Request-Headers");
        let reply = Reply::empty(204).with(header::VARY, vary);
        if self.policy.reader(origin(request)).is_none() {
            return Some(reply);
        }
        let fields = text(request.headers(), &header::ACCESS_CONTROL_REQUEST_HEADERS);
        let told = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, self.policy.methods(asked)),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, self.policy.headers(fields)),
        ];
        let reply = reply.with(header::ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        let told = told.into_iter().filter_map(|(name, names)| Some((name, HeaderValue::from_str(names?).ok()?)));
        Some(told.fold(reply, |reply, (name, value)| reply.with(name, value)))
    }

    /// Adds to an answer who may read it; what a handler said itself stands.
    pub(crate) fn after<B>(&self, request: &Request, response: &mut Response<B>) {
        let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        if self.policy.varies() {
            add_vary(headers, HeaderValue::from_static("Origin"));
        }
        if switches || headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
            return;
        }
        let allowed = match self.policy.reader(origin(request)) {
            None => return,
            Some(Reader::Anyone) => ANYONE,
            Some(Reader::Asker) => match request.headers().get(header::ORIGIN) {
                Some(origin) => origin.clone(),
                None => return,
            },
        };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        if self.policy.credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        }
        if let Some(expose) = &self.expose
            && preflight(request).is_none()
        {
            headers.append(header::ACCESS_CONTROL_EXPOSE_HEADERS, expose.clone());
        }
    }
}

/// Who asks; nobody where that is said twice.
fn origin(request: &Request) -> Option<&str> {
    text(request.headers(), &header::ORIGIN)
}

/// The value of a field that stands there once.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name);
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}
