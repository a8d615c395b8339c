from __future__ import annotations

import datetime

import pytest
from django.http import HttpResponse

from django_bolt.cookies import delete_cookie_header, set_cookie_header

SOON = datetime.datetime(2099, 1, 1, 12, 0, 0)


def djangos(call):
    response = HttpResponse()
    call(response)
    (morsel,) = response.cookies.values()
    return morsel.OutputString()


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"value": "plain"},
        {"value": 'quo"ted; and, spaced é\n'},
        {"value": 5},
        {"max_age": 60},
        {"max_age": 0},
        {"max_age": -5},
        {"max_age": 59.9},
        {"max_age": datetime.timedelta(days=2)},
        {"expires": "Thu, 01 Jan 2099 00:00:00 GMT"},
        {"expires": SOON},
        {"expires": SOON.replace(tzinfo=datetime.UTC)},
        {"expires": SOON.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=5)))},
        {"expires": datetime.datetime(2000, 1, 1)},
        {"max_age": 10, "expires": "Thu, 01 Jan 2099 00:00:00 GMT"},
        {"path": None},
        {"path": "/admin", "domain": "example.com"},
        {"secure": True, "httponly": True},
        {"samesite": "Lax"},
        {"samesite": "none", "secure": True},
        {"samesite": ""},
    ],
)
def test_same_text_as_django(arguments):
    # Both read the clock: a second may pass between them once, not three times.
    for _ in range(3):
        ours = set_cookie_header("name", **arguments)
        theirs = djangos(lambda response: response.set_cookie("name", **arguments))
        if ours == theirs:
            return
    assert ours == theirs


@pytest.mark.parametrize(
    ("key", "arguments"),
    [
        ("a", {}),
        ("a", {"path": "/x", "domain": "example.com"}),
        ("a", {"samesite": "None"}),
        ("a", {"samesite": "Strict"}),
        ("__Secure-a", {}),
        ("__Host-a", {}),
    ],
)
def test_deleting_is_the_same_text_as_djangos(key, arguments):
    assert delete_cookie_header(key, **arguments) == djangos(lambda response: response.delete_cookie(key, **arguments))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"key": "a b"}, "cookie name"),
        ({"key": "a\r\nX: y"}, "cookie name"),
        ({"key": ""}, "cookie name"),
        ({"key": "path"}, "cookie name"),
        ({"key": "a", "path": "/\r\nX: y"}, "control character"),
        ({"key": "a", "domain": "e\0x"}, "control character"),
        ({"key": "a", "path": "/; Secure"}, "';'"),
        ({"key": "a", "expires": "Thu\nX: y"}, "control character"),
        ({"key": "a", "samesite": "maybe"}, "samesite='maybe'"),
        ({"key": "a", "expires": SOON, "max_age": 1}, "expires and max_age"),
    ],
)
def test_refused_at_once(arguments, words):
    with pytest.raises(ValueError, match=words):
        set_cookie_header(arguments.pop("key"), **arguments)


def test_line_breaks_in_a_value_cannot_split_the_response():
    assert "\n" not in set_cookie_header("a", "x\r\nSet-Cookie: b=c")
