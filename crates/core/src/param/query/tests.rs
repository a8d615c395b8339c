use proptest::prelude::*;

use super::*;

fn parse(raw: &str) -> Query<'_> {
    Query::parse(raw, 1000).unwrap()
}

#[test]
fn pairs_keep_their_order() {
    let query = parse("a=1&b&&=x&a=2=3&");
    let pairs: Vec<_> = query.pairs().map(|(key, value)| (key, value.unwrap())).collect();
    assert_eq!(pairs, [("a", "1"), ("b", ""), ("", "x"), ("a", "2=3")]);
    assert_eq!(query.len(), 4);
    assert!(parse("").is_empty());
    assert!(parse("&&").is_empty());
}

#[test]
fn names_and_values_are_decoded() {
    let query = parse("a%20b=c+d%2B&%C3%A9=%F0%9F%98%80&plus+name=é");
    assert_eq!(query.last("a b"), Some(Ok("c d+")));
    assert_eq!(query.last("é"), Some(Ok("😀")));
    assert_eq!(query.last("plus name"), Some(Ok("é")));
    assert_eq!(query.last("a%20b"), None);
}

#[test]
fn what_needs_no_decoding_is_borrowed() {
    let query = parse("a=b");
    assert!(matches!(query.pairs.as_slice(), [(Cow::Borrowed("a"), Ok(Cow::Borrowed("b")))]));
    assert_eq!(parse("").pairs.capacity(), 0);
}

#[test]
fn repeated_names() {
    let query = parse("a=1&b=2&a=3");
    assert_eq!(query.last("a"), Some(Ok("3")));
    assert_eq!(query.all("a").collect::<Vec<_>>(), [Ok("1"), Ok("3")]);
    assert_eq!(query.all("c").count(), 0);
}

#[test]
fn a_bad_pair_keeps_its_name() {
    for (raw, reason) in [
        ("a=1&k=%00", "must not contain NUL"),
        ("a=1&k=\0", "must not contain NUL"),
        ("a=1&k=%ff", "must be valid UTF-8"),
        ("a=1&k=%C3", "must be valid UTF-8"),
        ("a=1&k=%", "must not contain a malformed percent escape"),
        ("a=1&k=%2", "must not contain a malformed percent escape"),
        ("a=1&k=%G1", "must not contain a malformed percent escape"),
        ("a=1&k=%+1", "must not contain a malformed percent escape"),
    ] {
        let query = parse(raw);
        assert_eq!(query.last("k"), Some(Err(BadText { reason })), "{raw:?}");
        assert_eq!(query.first_bad(), Some("k"));
        assert_eq!(query.last("a"), Some(Ok("1")));
    }
    assert_eq!(parse("a=1").first_bad(), None);
    assert_eq!(parse("%ff=1").first_bad(), Some("%ff"));
    let invalid = Invalid::from(BadText { reason: "must be valid UTF-8" });
    assert_eq!(invalid, Invalid::of_value("must be valid UTF-8"));
}

#[test]
fn fields_are_counted() {
    assert!(Query::parse("a&b", 2).is_ok());
    assert!(Query::parse("a&&b&", 2).is_ok());
    let error = Query::parse("a&b&c", 2).unwrap_err();
    assert_eq!(error, TooManyFields { limit: 2 });
    assert_eq!(error.to_string(), "too many fields: at most 2 are allowed");
    assert!(Query::parse("a", 0).is_err());
}

/// Escapes every byte.
fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |escaped, byte| format!("{escaped}%{byte:02x}"))
}

proptest! {
    #[test]
    fn nothing_panics(raw in any::<String>(), tail in "[&=%+0-9a-fé]{0,32}") {
        for raw in [raw, tail] {
            let query = parse(&raw);
            prop_assert!(query.pairs().all(|(key, _)| query.last(key).is_some()));
        }
    }

    #[test]
    fn what_was_escaped_comes_back(pairs in proptest::collection::vec(("[^\0]{0,8}", "[^\0]{0,8}"), 1..8)) {
        let raw: Vec<String> = pairs.iter().map(|(key, value)| format!("{}={}", escape(key), escape(value))).collect();
        let raw = raw.join("&");
        let query = parse(&raw);
        let found: Vec<_> = query.pairs().map(|(key, value)| (key.to_owned(), value.unwrap().to_owned())).collect();
        prop_assert_eq!(found, pairs);
    }
}
