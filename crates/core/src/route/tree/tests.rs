use proptest::prelude::*;

use super::*;

fn tree(routes: &[(&'static str, &'static str)]) -> RouteTree {
    RouteTree::build(routes.iter().copied()).unwrap()
}

/// Id and parameters of the route found.
fn route(tree: &RouteTree, method: &str, path: &str) -> Option<(usize, Vec<String>)> {
    match tree.find(method, path) {
        Found::Route { id, params } => Some((id, params.iter().map(str::to_owned).collect())),
        _ => None,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "compared with what `route` returns")]
fn found(id: usize, params: &[&str]) -> Option<(usize, Vec<String>)> {
    Some((id, params.iter().map(|&value| value.to_owned()).collect()))
}

fn error(routes: &[(&'static str, &'static str)]) -> RouteError {
    RouteTree::build(routes.iter().copied()).unwrap_err()
}

#[test]
fn methods_of_one_pattern_may_name_its_parameters_differently() {
    let tree = tree(&[("GET", "/x/{id}"), ("PUT", "/x/{pk}")]);
    assert_eq!(route(&tree, "GET", "/x/1"), found(0, &["1"]));
    assert_eq!(route(&tree, "PUT", "/x/1"), found(1, &["1"]));
    assert_eq!(tree.param_names(0), ["id"]);
    assert_eq!(tree.param_names(1), ["pk"]);
    assert!(tree.param_names(2).is_empty());
}

#[test]
fn head_falls_back_to_get() {
    let both = tree(&[("GET", "/a"), ("HEAD", "/b"), ("GET", "/b"), ("POST", "/c")]);
    assert_eq!(route(&both, "HEAD", "/a"), found(0, &[]));
    assert_eq!(route(&both, "HEAD", "/b"), found(1, &[]));
    assert_eq!(both.find("HEAD", "/c"), Found::MethodNotAllowed { allow: "OPTIONS, POST" });
}

#[test]
fn a_known_path_answers_other_methods() {
    let tree = tree(&[("PUT", "/a"), ("GET", "/a"), ("OPTIONS", "/b"), ("GET", "/b")]);
    let allow = "GET, HEAD, OPTIONS, PUT";
    assert_eq!(tree.find("POST", "/a"), Found::MethodNotAllowed { allow });
    assert_eq!(tree.find("get", "/a"), Found::MethodNotAllowed { allow });
    assert_eq!(tree.find("OPTIONS", "/a"), Found::Options { allow });
    assert_eq!(route(&tree, "OPTIONS", "/b"), found(2, &[]));
}

#[test]
fn static_beats_dynamic() {
    let tree = tree(&[
        ("GET", "/u/{id}"),
        ("GET", "/u/me"),
        ("GET", "/v/{id}/x"),
        ("GET", "/v/me/y"),
        ("GET", "/w/{a:path}"),
        ("GET", "/w/me"),
    ]);
    assert_eq!(route(&tree, "GET", "/u/me"), found(1, &[]));
    assert_eq!(route(&tree, "GET", "/u/m"), found(0, &["m"]));
    assert_eq!(route(&tree, "GET", "/v/me/x"), found(2, &["me"]));
    assert_eq!(route(&tree, "GET", "/v/me/y"), found(3, &[]));
    assert_eq!(route(&tree, "GET", "/w/me"), found(5, &[]));
    assert_eq!(route(&tree, "GET", "/w/me/"), found(4, &["me/"]));
}

#[test]
fn the_rest_may_be_empty() {
    let tree = tree(&[("GET", "/f/{rest:path}"), ("PUT", "/f/"), ("GET", "/{a}/g/{rest:path}"), ("GET", "/{b}/g/")]);
    assert_eq!(route(&tree, "GET", "/f/"), found(0, &[""]));
    assert_eq!(route(&tree, "GET", "/f/a/b/"), found(0, &["a/b/"]));
    assert_eq!(route(&tree, "PUT", "/f/"), found(1, &[]));
    assert_eq!(tree.find("PUT", "/f/a"), Found::MethodNotAllowed { allow: "GET, HEAD, OPTIONS" });
    assert_eq!(tree.find("POST", "/f/"), Found::MethodNotAllowed { allow: "GET, HEAD, OPTIONS, PUT" });
    assert_eq!(route(&tree, "GET", "/x/g/"), found(3, &["x"]));
    assert_eq!(route(&tree, "GET", "/x/g/y"), found(2, &["x", "y"]));
    assert_eq!(tree.find("GET", "/f"), Found::Redirect { location: "/f/".to_owned() });
}

#[test]
fn the_root_may_be_a_rest() {
    let tree = tree(&[("GET", "/{rest:path}")]);
    assert_eq!(route(&tree, "GET", "/"), found(0, &[""]));
    assert_eq!(route(&tree, "GET", "/a"), found(0, &["a"]));
    assert_eq!(route(&tree, "GET", "//a"), found(0, &["/a"]));
}

#[test]
fn the_other_spelling_is_a_redirect() {
    let tree = tree(&[("GET", "/x"), ("POST", "/y/"), ("GET", "/{a}/{b}"), ("GET", "/"), ("GET", "/é/")]);
    let to = |location: &str| Found::Redirect { location: location.to_owned() };
    assert_eq!(tree.find("GET", "/x/"), to("/x"));
    assert_eq!(tree.find("GET", "/y"), to("/y/"));
    assert_eq!(tree.find("GET", "/1%20/2%3F/"), to("/1%20/2%3F"));
    assert_eq!(tree.find("GET", "/%C3%A9"), to("/%C3%A9/"));
    assert_eq!(tree.find("GET", "/é"), to("/%C3%A9/"));
    assert_eq!(tree.find("GET", "/z"), Found::NotFound);
    assert_eq!(tree.find("GET", "/x//"), Found::NotFound);
    assert_eq!(tree.find("GET", "//"), Found::NotFound);
    for path in ["", "*", "x", "http://a/x/"] {
        assert_eq!(tree.find("GET", path), Found::NotFound, "{path:?}");
    }
    let no_root = super::RouteTree::build([("GET", "/x")].into_iter()).unwrap();
    assert_eq!(no_root.find("GET", "/"), Found::NotFound);
}

#[test]
fn a_redirect_never_leaves_the_host() {
    let tree = tree(&[("GET", "/{a}/"), ("GET", "/{a}/{b}/{rest:path}")]);
    for raw in ["//evil.example", "/\\evil.example", "/%5Cevil.example", "///evil.example/x", "/\\/evil.example"] {
        if let Found::Redirect { location } = tree.find("GET", raw) {
            assert!(!location.starts_with("//") && !location.starts_with("/\\"), "{raw} -> {location}");
        }
    }
    let location = "/%5Cevil.example/".to_owned();
    assert_eq!(tree.find("GET", "/\\evil.example"), Found::Redirect { location });
}

#[test]
fn doubled_slashes_are_not_merged() {
    let tree = tree(&[("GET", "/x"), ("GET", "/a/{b}/c"), ("GET", "/d/{e}.json")]);
    for path in ["//x", "/a//c", "//a/b/c", "/d/.json"] {
        assert_eq!(tree.find("GET", path), Found::NotFound, "{path}");
    }
}

#[test]
fn an_escaped_slash_stays_in_its_segment() {
    let tree = tree(&[("GET", "/a/{x}"), ("GET", "/a/b/c"), ("GET", "/f/{rest:path}")]);
    assert_eq!(route(&tree, "GET", "/a/b%2Fc"), found(0, &["b/c"]));
    assert_eq!(route(&tree, "GET", "/a/b/c"), found(1, &[]));
    assert_eq!(tree.find("GET", "/a%2Fb"), Found::NotFound);
    assert_eq!(route(&tree, "GET", "/f/x%2fy/z"), found(2, &["x/y/z"]));
    assert_eq!(route(&tree, "GET", "/a/%2F"), found(0, &["/"]));
}

#[test]
fn bad_paths_are_told_from_unknown_ones() {
    let tree = tree(&[("GET", "/{x}")]);
    for path in ["/%", "/%zz", "/%00", "/%ff", "/a\tb"] {
        assert!(matches!(tree.find("GET", path), Found::BadPath(_)), "{path:?}");
    }
    assert_eq!(route(&tree, "GET", "/%C3%A9"), found(0, &["é"]));
    assert_eq!(route(&tree, "GET", "/é"), found(0, &["é"]));
    assert_eq!(route(&tree, "GET", "/%0A"), found(0, &["\n"]));
}

#[test]
fn text_beside_a_parameter() {
    let tree = tree(&[("GET", "/img-{n}.png"), ("GET", "/{n}")]);
    assert_eq!(route(&tree, "GET", "/img-1.png"), found(0, &["1"]));
    assert_eq!(route(&tree, "GET", "/img-1.jpg"), found(1, &["img-1.jpg"]));
}

#[test]
fn a_rest_is_asked_last_the_longer_start_first() {
    let tree = tree(&[
        ("GET", "/{all:path}"),
        ("GET", "/a/{rest:path}"),
        ("GET", "/{x}/b"),
        ("GET", "/a/{y}"),
        ("GET", "/a/{z}.json"),
        ("POST", "/a/{y}/c"),
    ]);
    assert_eq!(route(&tree, "GET", "/a/b"), found(3, &["b"]));
    assert_eq!(route(&tree, "GET", "/n/b"), found(2, &["n"]));
    assert_eq!(route(&tree, "GET", "/a/n.json"), found(4, &["n"]));
    assert_eq!(route(&tree, "GET", "/a/b/d"), found(1, &["b/d"]));
    assert_eq!(route(&tree, "GET", "/n/b/d"), found(0, &["n/b/d"]));
    assert_eq!(route(&tree, "GET", "/"), found(0, &[""]));
    assert!(matches!(tree.find("GET", "/a/b/c"), Found::MethodNotAllowed { .. }));
}

#[test]
fn what_cannot_be_served_is_an_error() {
    assert_eq!(
        error(&[("GET", "/y"), ("GET", "/x/{a}"), ("GET", "/x/{b}")]),
        RouteError::Duplicate {
            first: 1,
            second: 2,
            method: "GET".to_owned(),
            first_path: "/x/{a}".to_owned(),
            path: "/x/{b}".to_owned(),
        }
    );
    let conflict = error(&[("GET", "/{x}b"), ("GET", "/a{y}")]);
    assert!(matches!(&conflict, RouteError::Conflict { id: 1, with, .. } if with == "/{x}b"), "{conflict}");
    assert!(conflict.to_string().contains("distinct static segment"));
    let pattern = error(&[("GET", "/"), ("GET", "x")]);
    assert!(matches!(pattern, RouteError::Pattern { id: 1, .. }));
    assert!(pattern.to_string().contains("must start with a slash"));
}

#[test]
fn many_parameters_keep_their_order() {
    let tree = tree(&[("GET", "/{a}/{b}/{c}/{d}/{e}/{f:path}")]);
    assert_eq!(route(&tree, "GET", "/1/2/3/4/5/6/7"), found(0, &["1", "2", "3", "4", "5", "6/7"]));
    assert_eq!(route(&tree, "GET", "/1/2/3/4/5/"), found(0, &["1", "2", "3", "4", "5", ""]));
}

proptest! {
    #[test]
    fn nothing_panics(path in any::<String>(), tail in "[/%a-c0-9é.-]{0,24}") {
        let tree = tree(&[
            ("GET", "/a/{x}"),
            ("GET", "/a/é{x}é"),
            ("GET", "/a/ê/{y}"),
            ("GET", "/{x}/b/c"),
            ("GET", "/{a}/{b}/{rest:path}"),
        ]);
        tree.find("GET", &path);
        tree.find("GET", &format!("/{tail}"));
    }

    #[test]
    fn what_was_captured_puts_the_path_together(
        segments in proptest::collection::vec("[abé%.]{0,3}", 1..6),
    ) {
        let patterns = ["/a/{x}", "/{x}/b", "/a", "/{x}/{y}/a/{rest:path}", "/a/a{x}", "/é/{x}"];
        let tree = RouteTree::build(patterns.iter().map(|&path| ("GET", path))).unwrap();
        let decoded = format!("/{}", segments.join("/"));
        let raw = decoded.replace('%', "%25").replace('b', "%62");
        if let Found::Route { id, params } = tree.find("GET", &raw) {
            let mut rebuilt = patterns[id].replace(":path", "");
            for (name, value) in tree.param_names(id).iter().zip(&params) {
                rebuilt = rebuilt.replace(&format!("{{{name}}}"), value);
            }
            prop_assert_eq!(rebuilt, decoded);
        }
    }
}
