//! Who a client is and whether it may pass, before any Python runs.

use actix_http::Request;
use bolt_core::auth::{Identity, Standing, stand};
use bolt_core::plan::Backend;

use crate::app::{Compiled, Route};
use crate::reply::Reply;

/// What is known of a client when its route is called; kept with the request.
#[derive(Clone, Default)]
pub(crate) struct Access {
    /// Who it proved to be.
    pub(crate) identity: Option<Identity>,
    /// True: Python has to tell who may pass.
    pub(crate) undecided: bool,
}

/// Decides as far as Python is not needed; an `Err` is the refusal.
pub(crate) fn decide(app: &Compiled, route: &Route, request: &Request) -> Result<Access, Reply> {
    if route.guards.is_empty() && !route.around {
        // Nobody is refused: whoever wants to know the client asks.
        return Ok(Access::default());
    }
    let Some(identity) = authenticate(app, route, request) else {
        return Ok(Access { identity: None, undecided: true });
    };
    match stand(&route.guards, identity.as_ref()) {
        Standing::Granted => Ok(Access { identity, undecided: false }),
        Standing::Undecided => Ok(Access { identity, undecided: true }),
        Standing::Unauthorized => Err(Reply::detail(401, "Unauthorized")),
        Standing::Forbidden => Err(Reply::detail(403, "Forbidden")),
    }
}

/// Asks the route's backends in turn; `None` where one that only Python can ask comes first.
pub(crate) fn authenticate(app: &Compiled, route: &Route, _request: &Request) -> Option<Option<Identity>> {
    for index in &route.auth {
        if matches!(app.backends.get(*index), Some(Backend::Python)) {
            return None;
        }
    }
    Some(None)
}
