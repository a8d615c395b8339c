"""Response objects: every class, its status, headers and cookies."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.core.exceptions import DisallowedRedirect
from django.http import HttpResponse
from django.http.cookie import SimpleCookie

from django_bolt import BoltAPI
from django_bolt.response import Html, Json
from django_bolt.response import Redirect as SeedRedirect
from django_bolt.responses import HTML, JSON, PlainText, Redirect, Response
from django_bolt.testing import TestClient


def answer(make: Any, *, is_async: bool = True) -> Any:
    api = BoltAPI()

    def handler():
        return make()

    async def async_handler():
        return make()

    api.get("/x")(async_handler if is_async else handler)
    with TestClient(api) as client:
        return client.get("/x")


@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize(
    ("make", "content_type", "body"),
    [
        (lambda: Response("a"), "text/plain; charset=utf-8", b"a"),
        (lambda: Response(b"a"), "application/octet-stream", b"a"),
        (lambda: Response({"a": 1}), "application/json", b'{"a":1}'),
        (lambda: Response("<a/>", media_type="application/xml"), "application/xml", b"<a/>"),
        (lambda: Response("a,b", media_type="text/csv"), "text/csv; charset=utf-8", b"a,b"),
        (lambda: JSON({"a": 1}), "application/json", b'{"a":1}'),
        (lambda: JSON([1]), "application/json", b"[1]"),
        (lambda: JSON(None), "application/json", b"null"),
        (lambda: JSON("text"), "application/json", b'"text"'),
        (lambda: PlainText("é"), "text/plain; charset=utf-8", "é".encode()),
        (lambda: HTML("<p>é</p>"), "text/html; charset=utf-8", "<p>é</p>".encode()),
        (lambda: Json({"a": 1}), "application/json", b'{"a":1}'),
        (lambda: Html("<p>"), "text/html; charset=utf-8", b"<p>"),
    ],
)
def test_classes(make: Any, content_type: str, body: bytes, is_async: bool) -> None:
    response = answer(make, is_async=is_async)
    assert (response.status_code, response.headers["content-type"], response.content) == (200, content_type, body)


@pytest.mark.parametrize("kind", [Response, JSON, PlainText, HTML])
def test_all_take_a_status_and_headers(kind: Any) -> None:
    response = answer(lambda: kind("a", status_code=418, headers={"X-One": "1"}))
    assert response.status_code == 418
    assert response.headers["x-one"] == "1"


def test_a_content_type_among_the_headers_wins() -> None:
    response = answer(lambda: JSON({}, headers={"content-type": "application/problem+json"}))
    assert response.headers.get_list("content-type") == ["application/problem+json"]


def test_headers_can_be_changed_until_the_response_is_returned() -> None:
    def make() -> Response:
        response = HTML("a")
        response.headers["X-One"] = "1"
        response.headers.add("X-Many", "a")
        response.headers.add("x-many", "b")
        response.headers["content-type"] = "text/xml"
        return response

    response = answer(make)
    assert response.headers["x-one"] == "1"
    assert response.headers.get_list("x-many") == ["a", "b"]
    assert response.headers.get_list("content-type") == ["text/xml"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-One", "a\r\nX-Two: b"), ("X-One", "a\nb"), ("X\r\nOne", "a"), ("X One", "a"), ("X-One", "a\0")],
)
def test_a_header_that_would_split_the_response_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="header"):
        answer(lambda: JSON({}, headers={name: value}))
    with pytest.raises(ValueError, match="header"):
        answer(lambda: ({}, 200, {name: value}))


@pytest.mark.parametrize("is_async", [True, False])
def test_redirect(is_async: bool) -> None:
    response = answer(lambda: Redirect("/other?a=1"), is_async=is_async)
    assert (response.status_code, response.headers["location"], response.content) == (302, "/other?a=1", b"")
    assert answer(lambda: SeedRedirect(url="https://example.com", status=302)).status_code == 302
    assert answer(lambda: Redirect("/other", status=307)).status_code == 307
    assert answer(lambda: Redirect("/other", status_code=308)).status_code == 308
    assert answer(lambda: Redirect("/é")).headers["location"] == "/%C3%A9"


def test_a_redirect_to_a_scheme_that_runs_code_is_refused() -> None:
    with pytest.raises(DisallowedRedirect):
        Redirect("javascript:alert(1)")


def test_a_redirect_takes_headers_and_cookies() -> None:
    def make() -> Response:
        response = Redirect("/other", headers={"X-One": "1"})
        response.set_cookie("a", "1")
        return response

    response = answer(make)
    assert (response.headers["location"], response.headers["x-one"]) == ("/other", "1")
    assert response.headers["set-cookie"].startswith("a=1")


COOKIES: list[dict[str, Any]] = [
    {},
    {"max_age": 60},
    {"max_age": datetime.timedelta(minutes=1)},
    {"expires": "Wed, 01 Jan 2030 00:00:00 GMT"},
    {"expires": datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)},
    {"path": "/a", "domain": "example.com"},
    {"secure": True, "httponly": True, "samesite": "Lax"},
    {"samesite": "None", "secure": True},
    {"path": None},
]


@pytest.mark.parametrize("kind", [Response, JSON, PlainText, HTML])
@pytest.mark.parametrize("arguments", COOKIES)
def test_set_cookie_is_django_s(kind: Any, arguments: dict[str, Any]) -> None:
    def make() -> Response:
        response: Response = kind("a")
        response.set_cookie("name", "v a;l", **arguments)
        return response

    expected = HttpResponse()
    expected.set_cookie("name", "v a;l", **arguments)
    (header,) = answer(make).headers.get_list("set-cookie")
    assert parts(header) == parts(expected.cookies["name"].OutputString())


def test_delete_cookie_is_django_s() -> None:
    def make() -> Response:
        response = JSON({})
        response.delete_cookie("name", path="/a", domain="example.com", samesite="None")
        return response

    expected = HttpResponse()
    expected.delete_cookie("name", path="/a", domain="example.com", samesite="None")
    (header,) = answer(make).headers.get_list("set-cookie")
    assert parts(header) == parts(expected.cookies["name"].OutputString())


def test_several_cookies() -> None:
    def make() -> Response:
        response = JSON({})
        response.set_cookie("a", "1")
        response.set_cookie("b", "2")
        response.set_cookie("a", "3")
        return response

    cookies: SimpleCookie = SimpleCookie()
    for header in answer(make).headers.get_list("set-cookie"):
        cookies.load(header)
    assert {name: morsel.value for name, morsel in cookies.items()} == {"a": "3", "b": "2"}


def parts(header: str) -> set[str]:
    """Return a cookie's parts without the moment, which moves between two calls."""
    found = {part.strip() for part in header.split(";")}
    return {part for part in found if not part.lower().startswith(("expires", "max-age"))} | {
        part.split("=")[0].lower() for part in found
    }
