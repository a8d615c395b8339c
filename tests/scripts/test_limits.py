"""scripts/limits.py sees long files, long functions and `unsafe`, and is not fooled by text that looks like code."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import limits

RUST = Path("crates/core/src/lib.rs")
PYTHON = Path("python/django_bolt/router.py")


def rust_lengths(source: str) -> dict[str, int]:
    return {name: length for name, _, length in limits.rust_functions(limits.blank_rust_text(source))}


def test_a_function_of_sixty_lines_passes_and_one_more_does_not() -> None:
    for body, found in ((58, 0), (59, 1)):
        rust = "fn f() {\n" + "    step();\n" * body + "}\n"
        python = "def f():\n" + "    step()\n" * (body + 1)
        assert len(list(limits.offences(RUST, rust))) == found
        assert len(list(limits.offences(PYTHON, python))) == found


def test_a_file_of_five_hundred_lines_passes_and_one_more_does_not() -> None:
    assert list(limits.offences(PYTHON, "x = 1\n" * 500)) == []
    assert len(list(limits.offences(PYTHON, "x = 1\n" * 501))) == 1


@pytest.mark.parametrize(
    "text",
    [
        '"}"',
        '"\\"}"',
        'r"}"',
        'r#""}"#',
        'b"}"',
        "'}'",
        "b'}'",
        r"'\''",
        r"'\u{7d}'",
        "/* } /* } */ } */ 1",
        "1 // }\n",
    ],
)
def test_text_is_no_code(text: str) -> None:
    source = f"fn f<'a>(x: &'a str) -> &'a str {{\n    let y = {text};\n    x\n}}\nfn g() {{}}\n"
    assert rust_lengths(source) == {"f": source.count("\n") - 1, "g": 1}


def test_a_function_without_a_body_has_no_length() -> None:
    assert rust_lengths("trait T {\n    fn a(x: [u8; 2]);\n    fn b() {\n    }\n}\n") == {"b": 2}


def test_unsafe_is_allowed_in_one_file_only() -> None:
    source = "// unsafe\n#![forbid(unsafe_code)]\nunsafe fn f() {}\n"
    assert list(limits.offences(limits.UNSAFE_HOME, source)) == []
    (offence,) = limits.offences(RUST, source)
    assert offence.startswith("crates/core/src/lib.rs:3: unsafe")
