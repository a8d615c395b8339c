//! Who a client is and whether it may pass, before any Python runs.

use std::time::{SystemTime, UNIX_EPOCH};

use actix_http::header::{self, HeaderMap, HeaderValue};
use actix_http::{HttpMessage, Request};
use bolt_core::auth::{Authenticator, Fields, Identity, Standing, stand};

use crate::app::{Compiled, Route};
use crate::reply::Reply;

/// What is known of a client when its route is called; kept with the request.
#[derive(Clone, Copy, Default)]
pub(crate) struct Access {
    /// True: Python has to tell who may pass.
    pub(crate) undecided: bool,
}

/// Whom the server's own backends found; kept with the request, so that nobody asks them twice.
#[derive(Clone)]
pub(crate) struct Identified(pub(crate) Option<Identity>);

/// Decides as far as Python is not needed; an `Err` is the refusal.
pub(crate) fn decide(app: &Compiled, route: &Route, request: &Request) -> Result<Access, Reply> {
    let python = route.auth.iter().position(|index| matches!(app.backends.get(*index), Some(Authenticator::Python)));
    if route.guards.is_empty() && python.is_none() {
        // Nobody is refused: whoever wants to know the client asks.
        return Ok(Access::default());
    }
    let identity = identify(app, route, request);
    let asked_first = match (&identity, python) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(identity), Some(python)) => python < identity.backend,
    };
    if asked_first {
        return Ok(Access { undecided: true });
    }
    match stand(&route.guards, identity.as_ref()) {
        Standing::Granted => Ok(Access { undecided: false }),
        Standing::Undecided => Ok(Access { undecided: true }),
        Standing::Unauthorized => Err(unauthorized(app, route)),
        Standing::Forbidden => Err(Reply::detail(403, "Forbidden")),
    }
}

/// Who the first of a route's backends that knows says the client is, as far as the server itself can ask them.
pub(crate) fn identify(app: &Compiled, route: &Route, request: &Request) -> Option<Identity> {
    if let Some(Identified(known)) = request.extensions().get() {
        return known.clone();
    }
    let found = authenticate(app, &route.auth, &Sent(request.headers()));
    request.extensions_mut().insert(Identified(found.clone()));
    found
}

/// Asks backends in turn; those that only Python can ask are passed over.
pub(crate) fn authenticate(app: &Compiled, auth: &[usize], fields: &impl Fields) -> Option<Identity> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    auth.iter().enumerate().find_map(|(backend, index)| {
        let authenticator = app.backends.get(*index)?;
        let found = authenticator.authenticate(fields, now);
        if found.is_none()
            && let Authenticator::Jwt { verifier, .. } = authenticator
        {
            app.backends.ring(*index, verifier);
        }
        found.map(|(subject, by_cookie)| Identity { backend, by_cookie, subject })
    })
}

/// Says nothing of what was wrong: only what would be right.
fn unauthorized(app: &Compiled, route: &Route) -> Reply {
    let mut challenges: Vec<&'static str> = Vec::new();
    for challenge in route.auth.iter().filter_map(|index| app.backends.get(*index)?.challenge()) {
        if !challenges.contains(&challenge) {
            challenges.push(challenge);
        }
    }
    if challenges.is_empty() {
        challenges.push("Bearer");
    }
    let challenge = HeaderValue::from_str(&challenges.join(", ")).unwrap_or(HeaderValue::from_static("Bearer"));
    Reply::detail(401, "Unauthorized").with(header::WWW_AUTHENTICATE, challenge)
}

/// The fields of a request as Actix holds them.
struct Sent<'r>(&'r HeaderMap);

impl Fields for Sent<'_> {
    fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s [u8]> {
        self.0.get_all(name).map(HeaderValue::as_bytes)
    }
}
