//! `Identity`: who a client proved to be.

use serde_json::{Map, Value};

/// Who a client proved to be, and by what.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Which of the route's backends told, by its position among them.
    pub backend: usize,
    /// The user's id (`sub`).
    pub user_id: Option<String>,
    /// What is claimed of it.
    pub claims: Map<String, Value>,
    /// True: by a cookie, which a browser sends whoever asks.
    pub by_cookie: bool,
}
