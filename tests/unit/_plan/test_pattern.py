"""Which regular expressions Rust may search: none that could mean something else there."""

from __future__ import annotations

import pytest

from django_bolt._plan.pattern import is_shared


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "^[a-z0-9_-]+$",
        r"^\d{3}-\d{4}$",
        r"^(?:a|b)?c{1,100}$",
        "^(?P<year>[0-9]{4})$",
        r"[\w.]+@[\w.]+",
        r"\.(jpg|png)$",
        "a{3}?b*?c??",
        r"[^\]\[]",
        "^[A-Z]{2,}$",
        "é+",
    ],
)
def test_common_patterns_are_shared(pattern):
    assert is_shared(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "(?=a)b",
        "(?!a)b",
        "(?<=a)b",
        "(?<!a)b",
        r"(a)\1",
        "(?P<a>x)(?P=a)",
        "(a)?(?(1)b|c)",
        "(?>a)b",
        "a*+b",
        "a++b",
        "a?+b",
        "a{2}+b",
        "(?i)a",
        "(?x)a # b",
        r"a\Z",
        r"\<a",
        "a{,3}",
        "a{x}",
        "[[a]",
        "[a&&b]",
        "[a--b]",
        "[a~~b]",
        "[]a]",
        "[^]a]",
        "[",
        r"\u00e9",
        r"\N{BULLET}",
        "a{5000}",
        "(a{100}){100}",
    ],
)
def test_what_rust_reads_differently_is_left_to_python(pattern):
    assert not is_shared(pattern)
