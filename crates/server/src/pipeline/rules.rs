//! What holds for a request whoever answers it: its origin, its rate, how its answer is encoded.

use actix_http::body::BoxBody;
use actix_http::{Request, Response};
use bolt_core::plan::{AppPlan, Policies};
use bolt_core::route::Found;

use crate::app::Compiled;
use crate::handler::seat::Seat;
use crate::reply::Reply;

/// Policies, ready to be kept.
pub(crate) struct Rules {
    policies: Policies,
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
        Ok((!policies.is_empty()).then_some(Self { policies }))
    }

    /// Those of a request's route, or else of its path.
    pub(crate) fn of<'a>(app: &'a Compiled, found: &Found<'_>, request: &Request) -> Option<&'a Self> {
        if let Found::Route { id, .. } = found {
            return app.routes.get(*id).and_then(|route| route.rules.as_ref());
        }
        scope(app, request.uri().path()).and_then(|scope| scope.rules.as_ref())
    }

    /// What is answered before anything else: to a preflight, and to who asks too often.
    pub(crate) async fn before(&self, _seat: &Seat, _request: &Request) -> Result<(), Reply> {
        let _ = &self.policies;
        Ok(())
    }

    /// Adds to an answer what the policies ask for.
    pub(crate) fn after(&self, _request: &Request, response: Response<BoxBody>) -> Response<BoxBody> {
        response
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
