//! What holds for a request whoever answers it: its origin, its rate, how its answer is encoded.

mod compress;
mod cors;
mod encoder;
mod rate;

use actix_http::body::BoxBody;
use actix_http::header::{self, HeaderMap, HeaderValue};
use actix_http::{Request, Response};
use bolt_core::plan::{AppPlan, Policies};
use bolt_core::reply::encoding;
use bolt_core::route::Found;

use self::compress::Compress;
pub(crate) use self::cors::Origins;
use self::rate::Rates;
use crate::app::{Compiled, Route};
use crate::handler::seat::Seat;
use crate::reply::Reply;

/// Policies, ready to be kept.
pub(crate) struct Rules {
    cors: Option<Origins>,
    rates: Option<Rates>,
    compress: Option<Compress>,
}

/// Where no route answers.
pub(crate) struct Scope {
    prefix: String,
    rules: Option<Rules>,
    /// The route that is shown what no route answers.
    pub(crate) fallback: Option<usize>,
}

impl Rules {
    /// Reads policies; a sentence where they cannot be kept.
    pub(crate) fn new(policies: Policies) -> Result<Option<Self>, String> {
        if policies.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            cors: policies.cors.as_ref().map(Origins::new).transpose()?,
            rates: Rates::new(policies.rate_limits)?,
            compress: policies.compression.map(Compress::new),
        }))
    }

    /// Those of a request's route, or else of its path.
    pub(crate) fn of<'a>(app: &'a Compiled, found: &Found<'_>, request: &Request) -> Option<&'a Self> {
        Self::at(app, found, request.method().as_str(), request.uri().path())
    }

    fn at<'a>(app: &'a Compiled, found: &Found<'_>, method: &str, path: &str) -> Option<&'a Self> {
        let below = || scope(app, path).and_then(|scope| scope.rules.as_ref());
        match found {
            Found::Route { id, .. } => app.routes.get(*id).and_then(|route| route.rules.as_ref()),
            // A browser that may not read the redirect does not follow it.
            Found::Redirect { location } => match app.tree.find(method, location) {
                Found::Route { id, .. } => app.routes.get(id).and_then(|route| route.rules.as_ref()),
                _ => below(),
            },
            _ => below(),
        }
    }

    /// What tells browsers who may read; `rules` are the request's. Of a preflight, that of what it asks about.
    pub(crate) fn origins<'a>(app: &'a Compiled, rules: Option<&'a Self>, request: &Request) -> Option<&'a Origins> {
        let Some(method) = cors::preflight(request) else { return rules?.cors.as_ref() };
        let path = request.uri().path();
        Self::at(app, &app.tree.find(method, path), method, path)?.cors.as_ref()
    }

    /// What is answered before anything else: to who asks too often.
    pub(crate) async fn before(&self, seat: &Seat, request: &Request, route: Option<&Route>) -> Result<(), Reply> {
        match &self.rates {
            Some(rates) => rates.before(seat, request, route).await,
            None => Ok(()),
        }
    }

    /// Looks at a request that will come again; true where nothing here will refuse it.
    pub(crate) async fn would_admit(&self, seat: &Seat, request: &Request, route: &Route) -> bool {
        match &self.rates {
            Some(rates) => rates.would_admit(seat, request, route).await,
            None => true,
        }
    }

    /// Whether pages of an origin may read the answers that cookies open.
    pub(crate) fn shares_credentials(&self, origin: &[u8]) -> bool {
        self.cors.as_ref().is_some_and(|cors| cors.shares_credentials(origin))
    }

    /// Adds to an answer what the policies ask for.
    pub(crate) async fn after(&self, request: &Request, mut response: Response<BoxBody>) -> Response<BoxBody> {
        if let Some(rates) = &self.rates {
            rates.after(request, &mut response);
        }
        match &self.compress {
            // In a box, as what asks the store of rate limits.
            Some(compress) => Box::pin(compress.after(request, response)).await,
            None => response,
        }
    }
}

/// Adds a name to `Vary`; those that stand there stay.
fn add_vary(headers: &mut HeaderMap, name: HeaderValue) {
    let is_there = |value: &HeaderValue| {
        value.to_str().is_ok_and(|value| name.to_str().is_ok_and(|name| encoding::lists(value, name)))
    };
    if !headers.get_all(header::VARY).any(is_there) {
        headers.append(header::VARY, name);
    }
}

/// What holds at a path that no route answers.
pub(crate) fn scope<'a>(app: &'a Compiled, path: &str) -> Option<&'a Scope> {
    let below = |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    app.scopes.iter().filter(|scope| below(&scope.prefix)).max_by_key(|scope| scope.prefix.len())
}

/// Reads the scopes of a plan.
pub(crate) fn scopes(plan: &mut AppPlan) -> Result<Vec<Scope>, String> {
    let scopes = std::mem::take(&mut plan.scopes);
    scopes
        .into_iter()
        .map(|scope| Ok(Scope { prefix: scope.prefix, rules: Rules::new(scope.policies)?, fallback: scope.fallback }))
        .collect()
}
