use proptest::prelude::*;

use super::*;

fn matches(source: &str, text: &str) -> bool {
    Pattern::compile(source).unwrap().is_match(text)
}

#[test]
fn it_is_searched_not_matched_from_the_start() {
    assert!(matches("b+", "abbc"));
    assert!(!matches("^b", "ab"));
    assert!(!matches(r"\Ab\Z", "b\n"));
    assert!(matches("", ""));
}

#[test]
fn the_end_is_python_s() {
    assert!(matches("^a$", "a"));
    assert!(matches("^a$", "a\n"));
    assert!(!matches("^a$", "a\n\n"));
    assert!(!matches("^a$", "a\r\n"));
    assert!(matches("^(a|b$)", "b\n"));
    assert!(matches(r"^\$$", "$"));
    assert!(matches("[$]x", "$x"));
}

#[test]
fn word_characters_and_spaces_are_python_s() {
    assert!(matches(r"^\w+$", "aé_9٣²漢"));
    // A combining mark is no word character for Python.
    assert!(!matches(r"^\w+$", "नमस्ते"));
    assert!(matches(r"^\W$", "\u{301}"));
    assert!(matches(r"^[\w.-]+$", "a.b-c"));
    assert!(matches(r"^[^\W\d]+$", "ab"));
    assert!(!matches(r"^[^\W\d]+$", "a1"));
    assert!(matches(r"^\s\S$", "\u{1c}a"));
    assert!(matches(r"^[\s]$", "\u{a0}"));
}

#[test]
fn brackets_in_a_set_are_members() {
    assert!(matches("^[[a]$", "["));
    assert!(matches("^[]a]$", "]"));
    assert!(matches("^[^]a]$", "b"));
    assert!(!matches("^[a&&b]$", "c"));
    assert!(matches("^[a&&b]$", "&"));
    assert!(matches("^[a~~b]$", "a"));
    assert!(matches("^[[:alpha:]x]$", ":x]"));
    assert!(!matches("^[[:alpha:]x]$", "b"));
    assert!(matches(r"^[\]\-^]{3}$", "]-^"));
}

#[test]
fn repeats() {
    assert!(matches("^a{2}b{1,}c{0,1}d{,2}$", "aabdd"));
    assert!(!matches("^d{,2}$", "ddd"));
    assert!(matches("^a*?b+?c??$", "b"));
    assert!(matches(r"^\x41\u00e9\U0001F600\/\<\>$", "Aé😀/<>"));
    assert!(matches("^(?P<year>[0-9]{4})-(?:0|1)$", "2024-1"));
    assert!(matches(r"^a\}]}$", "a}]}"));
}

#[test]
fn what_means_something_else_is_left_to_python() {
    for source in [
        "(?=a)",
        "(?<!a)",
        "(?i)a",
        "(?>a)",
        "(?#a)",
        r"(a)\1",
        "(?P=a)",
        r"\bа",
        r"\B",
        r"[\b]",
        r"\N{DASH}",
        r"\p{L}",
        "a++",
        "a*+",
        "a?+",
        "a{1}+",
        "a**",
        "a{",
        "a{}",
        "a{,}",
        "a{x}",
        "a{1,2,3}",
        "a$b",
        "(a$|b)",
        "a$*",
        "^*a",
        r"\A?",
        r"a\Z{2}",
        "[a--b]",
        "[a",
        "(a",
        "a)",
        r"\x4",
        r"\u12",
        "*a",
        r"\0",
        "\\",
        "(?",
        "a{1}{2}",
        "[z-a]",
        "(\\w{500}){500}",
    ] {
        let error = Pattern::compile(source).unwrap_err();
        assert!(error.contains("left to Python"), "{source}: {error}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(source in any::<String>(), near in "[]a\\\\^$(|)?*+{}0-9,:<P-]{0,16}") {
        for source in [source, near] {
            if let Ok(pattern) = Pattern::compile(&source) {
                pattern.is_match("a]b\n");
            }
        }
    }
}
