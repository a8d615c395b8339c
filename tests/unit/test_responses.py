from __future__ import annotations

from http import HTTPStatus

import pytest
from django.core.exceptions import DisallowedRedirect
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.functional import lazystr

from django_bolt.responses import HTML, JSON, PlainText, Redirect, Response, ResponseHeaders


@pytest.mark.parametrize(
    ("response", "reply"),
    [
        (Response(), (200, [], b"")),
        (Response("é"), (200, [("content-type", "text/plain; charset=utf-8")], "é".encode())),
        (Response(b"x"), (200, [("content-type", "application/octet-stream")], b"x")),
        (Response(memoryview(b"x")), (200, [("content-type", "application/octet-stream")], b"x")),
        (Response({"a": 1}, 201), (201, [("content-type", "application/json")], b'{"a":1}')),
        (Response("a,b", media_type="text/csv"), (200, [("content-type", "text/csv; charset=utf-8")], b"a,b")),
        (Response(b"x", media_type="image/png"), (200, [("content-type", "image/png")], b"x")),
        (PlainText("x", 404), (404, [("content-type", "text/plain; charset=utf-8")], b"x")),
        (HTML("<p>"), (200, [("content-type", "text/html; charset=utf-8")], b"<p>")),
        (HTML(b"<p>"), (200, [("content-type", "text/html; charset=utf-8")], b"<p>")),
        (JSON({"a": 1}), (200, [("content-type", "application/json")], b'{"a":1}')),
        (JSON(), (200, [("content-type", "application/json")], b"null")),
        (JSON([1], status_code=HTTPStatus.CREATED), (201, [("content-type", "application/json")], b"[1]")),
        (Redirect("/x"), (302, [("location", "/x")], b"")),
        (Redirect(url="https://example.com", status=307), (307, [("location", "https://example.com")], b"")),
        (Redirect("/x", status_code=301), (301, [("location", "/x")], b"")),
    ],
)
def test_replies(response, reply):
    assert response.as_reply() == reply
    assert type(response.as_reply()[0]) is int
    # Reading the headers builds the mapping; the reply stays the same.
    response.headers  # noqa: B018
    assert response.as_reply() == reply


def test_headers_given_and_changed():
    response = HTML("x", headers={"X-A": "1", "Cache-Control": "no-store"})
    response.headers["x-a"] = "2"
    response.headers.add("Vary", "Accept")
    response.headers.add("Vary", "Cookie")
    del response.headers["CACHE-CONTROL"]
    assert sorted(response.as_reply()[1]) == [
        ("content-type", "text/html; charset=utf-8"),
        ("vary", "Accept"),
        ("vary", "Cookie"),
        ("x-a", "2"),
    ]
    assert response.headers["Vary"] == "Cookie"
    assert response.headers.getlist("vary") == ["Accept", "Cookie"]
    assert set(response.headers) == {"content-type", "vary", "x-a"}
    assert len(response.headers) == 3


def test_content_type_header_wins_over_media_type():
    assert JSON({}, headers={"Content-Type": "application/problem+json"}).as_reply()[1] == [
        ("content-type", "application/problem+json")
    ]


def test_header_pairs_keep_repeats():
    response = Response(headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    assert response.as_reply()[1] == [("set-cookie", "a=1"), ("set-cookie", "b=2")]


def test_replies_do_not_share_their_header_list():
    response = HTML("x")
    response.as_reply()[1].append(("x-a", "1"))
    response.headers  # noqa: B018
    response.as_reply()[1].append(("x-a", "1"))
    assert response.as_reply()[1] == [("content-type", "text/html; charset=utf-8")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "1\r\nX-B: 2"),
        ("X-A", "1\n"),
        ("X-A", "1\0"),
        ("X-A\r\nX-B", "1"),
        ("X-A:", "1"),
        ("", "1"),
        ("X A", "1"),
        ("X-Ä", "1"),
        ("X-A", "日本"),
    ],
)
def test_headers_that_must_not_be_sent_are_refused_at_once(name, value):
    with pytest.raises(ValueError, match="header"):
        Response(headers={name: value})
    with pytest.raises(ValueError, match="header"):
        ResponseHeaders()[name] = value
    with pytest.raises(ValueError, match="header"):
        Redirect("/x", headers=[(name, value)])


@pytest.mark.parametrize("status", [0, 100, 199, 600, -1])
def test_status_out_of_range(status):
    with pytest.raises(ValueError, match="200 to 599"):
        JSON({}, status_code=status)


@pytest.mark.parametrize("status", ["200", None, 200.0, True])
def test_status_of_another_type(status):
    with pytest.raises(TypeError, match="200 to 599"):
        Response(b"", status_code=status)


def test_json_waits_for_the_response_type():
    assert Response.__bolt_response__
    assert not JSON.__bolt_response__
    data = {"a": 1}
    response = JSON(data)
    data["a"] = 2
    assert response.data is data
    assert response.as_reply()[2] == b'{"a":2}'


def test_cookies_as_django_writes_them():
    ours, theirs = HTML("x"), HttpResponse()
    for response in (ours, theirs):
        response.set_cookie("a", "1", path="/x", secure=True, httponly=True, samesite="Lax")
        response.set_cookie("ab", "2")
        response.set_cookie("b", "3")
        response.set_cookie("b", "4", domain="example.com")
        response.delete_cookie("gone", path="/y")
    expected = [morsel.OutputString() for morsel in theirs.cookies.values()]
    assert ours.headers.getlist("set-cookie") == expected
    assert [value for name, value in ours.as_reply()[1] if name == "set-cookie"] == expected


def test_cookie_on_a_redirect_keeps_the_location():
    response = Redirect("/x")
    response.set_cookie("a", "1")
    assert response.as_reply() == (302, [("location", "/x"), ("set-cookie", "a=1; Path=/")], b"")


@pytest.mark.parametrize(
    "url",
    [
        "/a?b=c&d",
        "https://example.com/ü?q=日本",
        "//host/x",
        "x y",
        "/a%20b",
        "HTTP://EXAMPLE.COM",
        "?next=/",
        "/\r\nX: y",
    ],
)
def test_location_is_djangos(url):
    assert Redirect(url).url == HttpResponseRedirect(url)["Location"]
    assert "\n" not in Redirect(url).url


def test_lazy_urls():
    assert Redirect(lazystr("/x")).as_reply()[1] == [("location", "/x")]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "http://[::1",
        "x" * 20000,
    ],
)
def test_unsafe_redirects_are_refused_each_time(url):
    for _ in range(2):
        with pytest.raises(DisallowedRedirect):
            Redirect(url)


@pytest.mark.parametrize("status", [200, 404])
def test_redirect_status(status):
    with pytest.raises(ValueError, match="300 to 399"):
        Redirect("/x", status)


def test_content_with_no_form():
    with pytest.raises(TypeError, match="found a value of type object"):
        Response(object())
