//! All routes, found by path and then by method.

use std::collections::BTreeMap;

use matchit::{InsertError, Match, Router};

use super::error::RouteError;
use super::params::PathParams;
use super::path;
use super::pattern::Pattern;
use super::table::MethodTable;

/// The routes of one application, built once.
#[derive(Debug, Clone)]
pub struct RouteTree {
    /// Asked in order; all but the first hold only patterns that end in a rest.
    layers: Vec<Router<MethodTable>>,
    names: Vec<Vec<String>>,
}

/// The routes that share a pattern.
struct Group {
    table: MethodTable,
    /// Id of the first of them.
    first: usize,
    before_rest: Option<String>,
}

/// The outcome of a look-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'a> {
    /// A route answers.
    Route {
        /// Its index in the order given to [`RouteTree::build`].
        id: usize,
        /// What its pattern captured.
        params: PathParams,
    },
    /// The path is known, the method is not: 405.
    MethodNotAllowed {
        /// Value of the `Allow` header.
        allow: &'a str,
    },
    /// `OPTIONS` of a known path that declares none.
    Options {
        /// Value of the `Allow` header.
        allow: &'a str,
    },
    /// The path with or without its trailing slash is known: 308.
    Redirect {
        /// Path only, escaped; never starts with `//` or `/\`. The query string is the caller's to keep.
        location: String,
    },
    /// The path cannot be read: 400.
    BadPath(&'static str),
    /// Nothing is there.
    NotFound,
}

impl RouteTree {
    /// Builds the tree from method (upper case) and pattern of each route; the id of a route is its index.
    ///
    /// # Errors
    /// [`RouteError`] for the first route that cannot be served.
    pub fn build<'a>(routes: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, RouteError> {
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        let mut paths: Vec<&str> = Vec::new();
        let mut names = Vec::new();
        for (id, (method, path)) in routes.enumerate() {
            let pattern =
                Pattern::parse(path).map_err(|problem| RouteError::Pattern { id, path: path.to_owned(), problem })?;
            paths.push(path);
            names.push(pattern.names);
            let group = groups.entry(pattern.normalised).or_insert_with(|| Group {
                table: MethodTable::default(),
                first: id,
                before_rest: pattern.before_rest,
            });
            group.table.insert(method, id).map_err(|first| RouteError::Duplicate {
                first,
                second: id,
                method: method.to_owned(),
                first_path: path_of(&paths, first),
                path: path.to_owned(),
            })?;
        }
        add_empty_rests(&mut groups);
        Ok(Self { layers: insert_all(groups, &paths)?, names })
    }

    /// Names of the parameters of route `id`, in order; empty for an unknown id.
    pub fn param_names(&self, id: usize) -> &[String] {
        self.names.get(id).map_or(&[], Vec::as_slice)
    }

    /// Finds what answers `method` (case-sensitive) at `raw_path`, the path as the request line has it.
    pub fn find(&self, method: &str, raw_path: &str) -> Found<'_> {
        let path = match path::decode(raw_path) {
            Ok(path) => path,
            Err(problem) => return Found::BadPath(problem),
        };
        let Some(matched) = self.at(&path) else {
            return self.missed(raw_path, &path);
        };
        let table = matched.value;
        let Some(id) = table.find(method) else {
            let allow = table.allow();
            return if method == "OPTIONS" { Found::Options { allow } } else { Found::MethodNotAllowed { allow } };
        };
        let mut params = PathParams::default();
        if !matched.params.is_empty() {
            let bytes = matched.params.iter().map(|(_, value)| value.len()).sum();
            params = PathParams::with_capacity(bytes);
            for (_, value) in matched.params.iter() {
                params.push(value);
            }
        }
        // Only an empty rest is not captured (see `add_empty_rests`).
        if params.len() < self.param_names(id).len() {
            params.push("");
        }
        Found::Route { id, params }
    }

    fn at<'p>(&self, path: &'p str) -> Option<Match<'_, 'p, &MethodTable>> {
        self.layers.iter().find_map(|layer| layer.at(path).ok())
    }

    fn missed(&self, raw_path: &str, path: &str) -> Found<'_> {
        match path::other_spelling(path) {
            Some(other) if self.at(&other).is_some() => Found::Redirect { location: path::location(raw_path) },
            _ => Found::NotFound,
        }
    }
}

/// matchit's rest is never empty: the path before it gets the same routes, but for the methods
/// that it has itself.
fn add_empty_rests(groups: &mut BTreeMap<String, Group>) {
    let rests: Vec<(String, MethodTable, usize)> = groups
        .values()
        .filter_map(|group| Some((group.before_rest.clone()?, group.table.clone(), group.first)))
        .collect();
    for (before_rest, table, first) in rests {
        let group = groups.entry(before_rest).or_insert_with(|| Group {
            table: MethodTable::default(),
            first,
            before_rest: None,
        });
        group.table.fill_from(&table);
    }
}

/// A rest that matchit takes for a conflict with a parameter at its place goes into a further
/// layer: everything else is asked first, the longer static start before the shorter.
fn insert_all(groups: BTreeMap<String, Group>, paths: &[&str]) -> Result<Vec<Router<MethodTable>>, RouteError> {
    let declared: BTreeMap<String, usize> =
        groups.iter().map(|(pattern, group)| (pattern.clone(), group.first)).collect();
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_cached_key(|(pattern, group)| (insertion_order(pattern), group.first));
    let mut layers = vec![Router::new()];
    for (pattern, group) in groups {
        let is_rest = pattern.contains("{*");
        let layers_in_turn = if is_rest { layers.len() } else { 1 };
        let mut result = Ok(());
        for layer in layers.iter_mut().take(layers_in_turn) {
            result = layer.insert(pattern.clone(), group.table.clone());
            if result.is_ok() {
                break;
            }
        }
        if is_rest && matches!(result, Err(InsertError::Conflict { .. })) {
            let mut layer = Router::new();
            result = layer.insert(pattern, group.table);
            layers.push(layer);
        }
        result.map_err(|error| refused(error, group.first, paths, &declared))?;
    }
    Ok(layers)
}

fn refused(error: InsertError, id: usize, paths: &[&str], declared: &BTreeMap<String, usize>) -> RouteError {
    let path = path_of(paths, id);
    match error {
        InsertError::Conflict { with } => {
            let with = declared.get(&with).map_or(with, |&other| path_of(paths, other));
            RouteError::Conflict { id, path, with }
        }
        other => {
            let problem = format!("{other}: simplify the segments that have parameters");
            RouteError::Pattern { id, path, problem }
        }
    }
}

/// matchit 0.9 sees conflicts that are none, depending on the order, where text stands beside a
/// parameter. Of 18188 sets of four such patterns that some order lets it take, it takes 16953 in
/// this one (bare parameters first, then by the length of the static start) and 12845 as declared.
///
/// Rests come last, the longer static start first.
fn insertion_order(pattern: &str) -> (bool, bool, usize) {
    let bare = |segment: &str| segment.starts_with('{') && segment.ends_with('}');
    let text_beside = pattern.split('/').any(|segment| segment.contains('{') && !bare(segment));
    let start = pattern.find('{').unwrap_or(usize::MAX);
    let is_rest = pattern.contains("{*");
    (is_rest, text_beside, if is_rest { usize::MAX - start } else { start })
}

fn path_of(paths: &[&str], id: usize) -> String {
    paths.get(id).copied().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
