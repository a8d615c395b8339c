//! What can be wrong with a set of routes, each with the way to fix it.

/// A set of routes that cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// One pattern is malformed.
    #[error("route {path:?}: {problem}")]
    Pattern {
        /// Id of the route.
        id: usize,
        /// Its pattern, as given.
        path: String,
        /// What was found, what was expected, how to fix it.
        problem: String,
    },
    /// Two routes answer the same method of the same pattern.
    #[error(
        "{method} {path:?} is declared twice (also as {first_path:?}; parameter names make no difference): \
         remove one of the two, or change its path or method"
    )]
    Duplicate {
        /// Id of the route declared first.
        first: usize,
        /// Id of the route declared again.
        second: usize,
        /// The method both answer.
        method: String,
        /// Pattern of the first.
        first_path: String,
        /// Pattern of the second.
        path: String,
    },
    /// Two patterns overlap in a way that leaves open which one is meant.
    #[error(
        "route {path:?} is ambiguous beside {with:?}: one of several segments that differ only in the text around \
         a parameter would have to be guessed; put a distinct static segment before the parameter in one of them"
    )]
    Conflict {
        /// Id of the route.
        id: usize,
        /// Its pattern, as given.
        path: String,
        /// The pattern it collides with.
        with: String,
    },
}
