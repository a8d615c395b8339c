//! What changes something and brings cookies has to come from a trusted site; tokens are checked in Python.

use std::str::FromStr;

use actix_http::header::{self, HeaderMap, HeaderName};
use actix_http::{HttpMessage, Request};
use bolt_core::plan::ServerPlan;
use bolt_core::policy::TrustedOrigins;
use bolt_core::policy::origin::{is_own, is_safe};

use super::door::{self, X_FORWARDED_HOST};
use super::rules::Rules;
use crate::reply::Reply;

/// The sites that may send requests with cookies.
pub(crate) struct Origins {
    trusted: TrustedOrigins,
    /// Django's `USE_X_FORWARDED_HOST`.
    use_host: bool,
    /// Django's `SECURE_PROXY_SSL_HEADER`: a field, and what it holds where the client's connection is encrypted.
    secure: Option<(HeaderName, String)>,
}

impl Origins {
    /// Reads a plan; `None` where requests may come from anywhere, a sentence where it cannot be kept.
    pub(crate) fn new(plan: &ServerPlan) -> Result<Option<Self>, String> {
        let Some(trusted) = &plan.trusted_origins else { return Ok(None) };
        let secure = plan.secure_header.as_ref().map(|(name, value)| {
            let name = HeaderName::from_str(name).map_err(|_| format!("{name:?} is no name of a header field"))?;
            Ok::<_, String>((name, value.clone()))
        });
        Ok(Some(Self {
            trusted: TrustedOrigins::new(trusted),
            use_host: plan.proxies.host,
            secure: secure.transpose()?,
        }))
    }

    /// Refuses what comes from a foreign site; those that the route shares its answers and cookies with are none.
    fn check(&self, request: &Request, rules: Option<&Rules>) -> Result<(), Reply> {
        let headers = request.headers();
        let mut origins = headers.get_all(header::ORIGIN);
        let Some(origin) = origins.next().filter(|_| headers.contains_key(header::COOKIE)) else { return Ok(()) };
        let origin = origin.as_bytes();
        let only = origins.next().is_none();
        if only && (self.is_own(request, origin) || self.trusted.trusts(origin) || shared(rules, origin)) {
            return Ok(());
        }
        Err(Reply::detail(403, "CSRF verification failed: this Origin is not trusted"))
    }

    fn is_own(&self, request: &Request, origin: &[u8]) -> bool {
        let headers = request.headers();
        let forwarded = if self.use_host { headers.get(X_FORWARDED_HOST) } else { None };
        let host = forwarded.or_else(|| headers.get(header::HOST));
        host.is_some_and(|host| is_own(origin, self.scheme(request, headers), host.as_bytes()))
    }

    /// Django's `request.scheme`.
    fn scheme(&self, request: &Request, headers: &HeaderMap) -> &'static str {
        let said = self.secure.as_ref().and_then(|(name, value)| Some((headers.get(name)?, value)));
        let Some((said, secure)) = said else { return door::scheme(request) };
        let first = said.to_str().unwrap_or_default().split(',').next().unwrap_or_default();
        if first.trim() == secure { "https" } else { "http" }
    }
}

/// Refuses a request that changes something, brings cookies and comes from a foreign site.
pub(crate) fn check(origins: Option<&Origins>, request: &Request, rules: Option<&Rules>) -> Result<(), Reply> {
    match origins {
        Some(origins) if !is_safe(request.method().as_str()) => origins.check(request, rules),
        _ => Ok(()),
    }
}

/// Whether an origin may read the answers that cookies open.
fn shared(rules: Option<&Rules>, origin: &[u8]) -> bool {
    rules.is_some_and(|rules| rules.shares_credentials(origin))
}
