"""Origins as browsers write them, and expressions that say more than was meant; tests/http has the messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_bolt._runtime.policy_problems import canonical, find_problems, is_loose
from django_bolt.middleware import CompressionMiddleware, CORSMiddleware, RateLimitMiddleware


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://example.com", "https://example.com"),
        ("HTTPS://Example.COM/a/b?c#d", "https://example.com"),
        ("http://example.com:80", "http://example.com"),
        ("http://example.com:443", "http://example.com:443"),
        ("localhost:3000", "https://localhost:3000"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("https://example.com.", "https://example.com."),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://", None),
        ("https://a b", None),
        ("https://user:password@example.com", None),
        ("https://example.com:port", None),
        ("https://example.com:65536", None),
        ("https://bücher.example:8443/", "https://xn--bcher-kva.example:8443"),
        ("*", None),
        ("", None),
    ],
)
def test_origins_as_browsers_write_them(written: str, meant: str | None) -> None:
    assert canonical(written) == meant


@given(st.text(max_size=40))
def test_what_is_meant_means_itself(text: str) -> None:
    meant = canonical(text)
    if meant is not None:
        assert canonical(meant) == meant
        assert list(find_problems(CORSMiddleware(allow_origins=[meant]))) == []


@pytest.mark.parametrize(
    ("pattern", "loose"),
    [
        (r"https://www.example\.com", True),
        (r"https://www\.example.com", True),
        (r"https://.example\.com", True),
        (r"https://www\.example\.com", False),
        (r"https://[a-z.]+\.example\.com", False),
        (r"https://[\].]\.com", False),
        (r"https://.*\.example\.com", False),
        (r"https://.+\.example\.com", False),
        (r"https://\\.com", True),
    ],
)
def test_a_dot_for_any_character(pattern: str, loose: bool) -> None:
    assert is_loose(pattern) == loose


def test_what_is_neither_has_no_problems_here() -> None:
    for item in (object(), RateLimitMiddleware(), print, CompressionMiddleware()):
        assert list(find_problems(item)) == []
