"""The rules of HTTP for paths and methods: what is answered where no handler is."""

from __future__ import annotations

import json

import pytest

from tests.server.harness import Server, request

BROWSER = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize("headers", [[], ["Accept: application/json"], ["Accept: */*"]], ids=str)
def test_an_unknown_path_is_answered_in_json(server: Server, headers: list[str]) -> None:
    response = server.get("/nowhere", *headers)
    assert (response.status, json.loads(response.body)) == (404, {"detail": "Not Found"})
    assert response.header("content-type") == "application/json"


def test_an_unknown_path_shows_a_browser_the_projects_own_page(server: Server) -> None:
    response = server.get("/nowhere", BROWSER)
    assert (response.status, response.body) == (404, b"<h1>Nothing at this address</h1>")
    assert (response.header("content-type") or "").startswith("text/html")


def test_below_the_prefix_of_an_api_even_a_browser_gets_json(server: Server) -> None:
    response = server.get("/shop/nowhere", BROWSER)
    assert (response.status, json.loads(response.body)) == (404, {"detail": "Not Found"})
    assert b"<h1>" in server.get("/shopping", BROWSER).body


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "TRACE", "PROPFIND", "FOO"])
def test_a_wrong_method_is_told_the_right_ones(server: Server, method: str) -> None:
    response = server.ask(request(method, "/method"))
    assert response is not None
    assert (response.status, json.loads(response.body)) == (405, {"detail": "Method Not Allowed"})
    assert allowed(response.header("allow")) == {"GET", "HEAD", "OPTIONS", "POST"}


def allowed(value: str | None) -> set[str]:
    assert value is not None
    return {method.strip() for method in value.split(",")}


@pytest.mark.parametrize("path", ["/hello", "/def", "/inline", "/v1/ping", "/typed/query?q=a"])
def test_head_answers_for_every_get_without_a_body(server: Server, path: str) -> None:
    got = server.get(path)
    with server.connect() as wire:
        response = wire.send(request("HEAD", path)).answer(head=True)
        assert response.status == 200
        assert response.header("content-length") == str(len(got.body))
        assert response.header("content-type") == got.header("content-type")
        # A body behind the head would be taken for the next answer.
        assert wire.send(request("GET", "/hello")).answer().body == b'{"message":"hello"}'


def test_options_tells_the_methods_where_no_handler_is_given(server: Server) -> None:
    response = server.ask(request("OPTIONS", "/method"))
    assert response is not None
    assert (response.status, response.body) == (204, b"")
    assert allowed(response.header("allow")) == {"GET", "HEAD", "OPTIONS", "POST"}
    own = server.ask(request("OPTIONS", "/own-options"))
    assert own is not None
    assert json.loads(own.body) == {"method": "OPTIONS"}


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/hello/", "/hello"),
        ("/with-slash", "/with-slash/"),
        ("/hello/?a=1&b=%2F&a=2", "/hello?a=1&b=%2F&a=2"),
        ("/with-slash?next=//evil.com", "/with-slash/?next=//evil.com"),
        ("/hello/?", "/hello?"),
    ],
)
def test_the_other_spelling_of_the_slash_is_redirected_with_its_query(server: Server, path: str, location: str) -> None:
    for method in ("GET", "HEAD"):
        response = server.ask(request(method, path), head=method == "HEAD")
        assert response is not None
        assert (response.status, response.header("location")) == (308, location)


@pytest.mark.parametrize(
    "path",
    [
        "//evil.com/",
        "//evil.com",
        "//evil.com/hello",
        "//hello",
        "//hello/",
        "///hello",
        "/hello//",
        "//with-slash",
        "/%2fevil.com/",
        "/%2F%2Fhello/",
        "/\\evil.com/",
        "//evil.com/%2e%2e/hello/",
        "/v1//ping",
        "//v1/ping/",
    ],
)
def test_doubled_slashes_match_nothing_and_never_redirect(server: Server, path: str) -> None:
    response = server.get(path)
    assert 400 <= response.status < 500
    assert response.header("location") is None


@pytest.mark.parametrize("path", ["/rest//evil.com/", "/rest/a//b", "/rest/https://evil.com/"])
def test_a_path_parameter_takes_slashes_as_they_are(server: Server, path: str) -> None:
    response = server.get(path)
    assert response.status == 200
    assert json.loads(response.body) == {"rest": path.removeprefix("/rest/")}


def test_an_absolute_target_cannot_choose_where_a_redirect_leads(server: Server) -> None:
    response = server.get("http://evil.com/hello/")
    assert response.status in (308, 400, 404)
    assert response.header("location") in (None, "/hello")


def test_a_host_header_cannot_choose_where_a_redirect_leads(server: Server) -> None:
    response = server.ask(request("GET", "/hello/", host="evil.com"))
    assert response is not None
    assert response.header("location") == "/hello"
