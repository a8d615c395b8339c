use proptest::prelude::*;

use super::exceeds;

/// The same by the byte.
fn naive(body: &[u8], limit: usize) -> Option<usize> {
    let limit = i64::try_from(limit).unwrap();
    let (mut depth, mut string, mut escaped) = (0_i64, false, false);
    for (at, &byte) in body.iter().enumerate() {
        if escaped {
            escaped = false;
            // An escape hides a quote or a backslash; brackets outside strings still count.
            if matches!(byte, b'"' | b'\\') {
                continue;
            }
        }
        match byte {
            b'\\' => escaped = true,
            b'"' => string = !string,
            b'[' | b'{' if !string => {
                depth += 1;
                if depth > limit {
                    return Some(at);
                }
            }
            b']' | b'}' if !string => depth -= 1,
            _ => {}
        }
    }
    None
}

#[test]
fn the_offset_is_that_of_the_bracket_too_many() {
    assert_eq!(exceeds(b"", 0), None);
    assert_eq!(exceeds(b"[]", 0), Some(0));
    assert_eq!(exceeds(b"[{}]", 1), Some(1));
    assert_eq!(exceeds(b"[{}]", 2), None);
    assert_eq!(exceeds(b"[[],[],[]]", 2), None);
    assert_eq!(exceeds(b"1", usize::MAX), None);
}

#[test]
fn the_limit_is_exact_at_every_place() {
    for before in 0..200 {
        let mut body = vec![b' '; before];
        body.extend([b'['; 64]);
        assert_eq!(exceeds(&body, 64), None);
        body.push(b'{');
        assert_eq!(exceeds(&body, 64), Some(before + 64));
    }
}

#[test]
fn brackets_in_strings_do_not_count() {
    assert_eq!(exceeds(br#"["[[[[\"[[[["]"#, 1), None);
    assert_eq!(exceeds(br#"["\\"[[]]]"#, 2), Some(6));
    for length in 0..150 {
        let backslashes = "\\".repeat(length);
        let body = format!("[\"{backslashes}\"[\"");
        let expected = if length % 2 == 0 { Some(length + 3) } else { None };
        assert_eq!(exceeds(body.as_bytes(), 1), expected, "{length}");
    }
}

#[test]
fn a_megabyte_of_brackets_is_refused_at_once() {
    assert_eq!(exceeds(&vec![b'['; 1 << 20], 64), Some(64));
    assert_eq!(exceeds("[]".repeat(1 << 19).as_bytes(), 64), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn agrees_with_the_naive_scanner(
        body in proptest::collection::vec(prop::sample::select(b"[]{}\"\\ax ".to_vec()), 0..400),
        limit in 0_usize..12,
    ) {
        prop_assert_eq!(exceeds(&body, limit), naive(&body, limit));
    }

    #[test]
    fn agrees_where_backslashes_run_long(
        parts in proptest::collection::vec((0_usize..70, prop::sample::select(b"[]{}\"a".to_vec())), 0..40),
        limit in 0_usize..4,
    ) {
        let mut body = Vec::new();
        for (run, byte) in parts {
            body.extend(std::iter::repeat_n(b'\\', run));
            body.push(byte);
        }
        prop_assert_eq!(exceeds(&body, limit), naive(&body, limit));
    }

    #[test]
    fn agrees_on_any_bytes(body in proptest::collection::vec(any::<u8>(), 0..300), limit in 0_usize..3) {
        prop_assert_eq!(exceeds(&body, limit), naive(&body, limit));
    }
}
