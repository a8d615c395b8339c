//! The methods of one pattern.

/// Routes of one pattern by method. So few that a scan beats a hash.
#[derive(Debug, Clone, Default)]
pub(super) struct MethodTable {
    routes: Vec<(String, usize)>,
    /// Value of the `Allow` header.
    allow: String,
}

impl MethodTable {
    /// Adds a route.
    ///
    /// # Errors
    /// The id of the route that has the method already.
    pub(super) fn insert(&mut self, method: &str, id: usize) -> Result<(), usize> {
        if let Some(first) = self.exact(method) {
            return Err(first);
        }
        self.routes.push((method.to_owned(), id));
        self.allow = self.allowed();
        Ok(())
    }

    /// Adds what `other` has and this does not.
    pub(super) fn fill_from(&mut self, other: &Self) {
        for (method, id) in &other.routes {
            // A method that is there already keeps its route.
            let _ = self.insert(method, *id);
        }
    }

    /// The route that answers `method`: its own, or GET's for HEAD.
    pub(super) fn find(&self, method: &str) -> Option<usize> {
        self.exact(method).or_else(|| if method == "HEAD" { self.exact("GET") } else { None })
    }

    /// Methods in alphabetical order, joined by `, `, with the implied HEAD and OPTIONS.
    pub(super) fn allow(&self) -> &str {
        &self.allow
    }

    fn exact(&self, method: &str) -> Option<usize> {
        self.routes.iter().find(|(known, _)| known == method).map(|&(_, id)| id)
    }

    fn allowed(&self) -> String {
        let mut methods: Vec<&str> = self.routes.iter().map(|(method, _)| method.as_str()).collect();
        methods.push("OPTIONS");
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.sort_unstable();
        methods.dedup();
        methods.join(", ")
    }
}
