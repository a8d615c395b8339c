"""The Request that a handler sees."""

from __future__ import annotations

from typing import Any

import pytest

from django_bolt import BoltAPI, Request
from django_bolt.testing import TestClient


def told(function: Any, path: str = "/x", method: str = "GET", **request: Any) -> Any:
    """Return what `function(request)` says of a request, asked by an async and by a plain handler."""
    api = BoltAPI()

    @api.get("/a/{name:path}")
    @api.post("/a/{name:path}")
    async def in_coroutine(request: Request, name: str) -> Any:
        return {"told": function(request)}

    @api.get("/b/{name:path}")
    @api.post("/b/{name:path}")
    def in_function(request: Request, name: str) -> Any:
        return {"told": function(request)}

    headers = {"x-request-id": "one", **request.pop("headers", {})}
    with TestClient(api) as client:
        answers = [client.request(method, f"/{where}{path}", headers=headers, **request) for where in "ab"]
    assert [answer.status_code for answer in answers] == [200, 200]
    first, second = (answer.json()["told"] for answer in answers)
    if isinstance(first, str):
        assert first.replace("/a/", "/b/") == second
    else:
        assert first == second
    return first


def test_method_and_path() -> None:
    assert told(lambda request: [request.method], "/x", "POST") == ["POST"]
    assert told(lambda request: request.path, "/b%20c/%C3%A9?q=1") == "/a/b c/é"


def test_query_is_a_mapping_that_keeps_repeats() -> None:
    found = told(
        lambda request: [
            request.query["a"],
            request.query.get("none"),
            request.query.get("none", "default"),
            "b" in request.query,
            request.query.getlist("a"),
            request.query.getlist("none"),
            dict(request.query),
            len(request.query),
        ],
        "/x?a=1&b=%20&a=2+3",
    )
    assert found == ["2 3", None, "default", True, ["1", "2 3"], [], {"a": "2 3", "b": " "}, 2]


def test_params_are_the_path_s_parameters_as_text() -> None:
    assert told(lambda request: [dict(request.params), request.params["name"]], "/1") == [{"name": "1"}, "1"]


def test_cookies() -> None:
    found = told(
        lambda request: [request.cookies["a"], dict(request.cookies)], headers={"cookie": 'a=1; b="x y"; c=d=e'}
    )
    assert found == ["1", {"a": "1", "b": "x y", "c": "d=e"}]


def test_body_is_bytes_and_json_reads_it() -> None:
    api = BoltAPI()

    @api.post("/x")
    async def handler(request: Request) -> list[Any]:
        return [request.body.decode(), await request.json(), await request.json()]

    with TestClient(api) as client:
        assert client.post("/x", content=b'{"a": [1]}').json() == ['{"a": [1]}', {"a": [1]}, {"a": [1]}]


def test_a_body_is_there_on_a_get_too() -> None:
    assert told(lambda request: request.body.decode(), "/x", "GET", content=b"abc") == "abc"


def test_context_is_an_empty_mapping_where_nobody_is_authenticated() -> None:
    found = told(
        lambda request: [
            dict(request.context),
            request.context.get("user_id"),
            len(request.context),
            request.get("context", {}).get("user_id", "nobody"),
        ]
    )
    assert found == [{}, None, 0, "nobody"]


def test_state_keeps_the_project_s_values() -> None:
    def use(request: Request) -> list[Any]:
        request.state.tenant = "a"
        request.state["number"] = 1
        return [request.state["tenant"], request.state.number, dict(request.state)]

    assert told(use) == ["a", 1, {"tenant": "a", "number": 1}]


def test_meta_has_django_s_names() -> None:
    found = told(
        lambda request: [
            request.META[name]
            for name in ("REQUEST_METHOD", "QUERY_STRING", "HTTP_X_ONE", "CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_HOST")
        ],
        "/x?a=1",
        "POST",
        content=b"abc",
        headers={"x-one": "1", "content-type": "text/plain"},
    )
    assert found == ["POST", "a=1", "1", "text/plain", "3", "testserver"]


def test_items_and_get() -> None:
    def read(request: Request) -> list[Any]:
        names = ("method", "params", "query", "headers", "context", "cookies")
        return [
            all(request[name] == request.get(name) for name in (*names, "body", "path")),
            request["method"],
            request["body"].decode(),
            request.get("body", b"").decode(),
            request.get("nothing"),
            request.get("nothing", "default"),
            dict(request["query"]),
            dict(request["cookies"]),
            request["headers"]["x-one"],
        ]

    found = told(read, "/x?a=1", "POST", content=b"b", headers={"x-one": "1", "cookie": "c=2"})
    assert found == [True, "POST", "b", "b", None, "default", {"a": "1"}, {"c": "2"}, "1"]


def test_an_unknown_item_is_a_key_error() -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(request: Request) -> Any:
        return request["nothing"]

    with TestClient(api) as client, pytest.raises(KeyError, match="nothing"):
        client.get("/x")


def test_mappings_can_be_returned_inside_a_json_body() -> None:
    found = told(
        lambda request: {
            "query": request.query,
            "params": request.params,
            "headers": request.headers,
            "cookies": request.cookies,
            "context": request.context,
            "body": request.body,
        },
        "/x?a=1&a=2",
        "POST",
        content=b"\xff\x00",
        headers={"cookie": "c=2", "x-one": "1"},
    )
    assert found["query"] == {"a": "2"}
    assert found["params"] == {"name": "x"}
    assert found["headers"]["x-one"] == "1"
    assert found["cookies"] == {"c": "2"}
    assert found["context"] == {}
    assert found["body"] == "/wA="


def test_build_absolute_uri() -> None:
    found = told(
        lambda request: [
            request.build_absolute_uri("/other?x=1"),
            request.build_absolute_uri("https://example.com/a"),
        ],
        "/x?q=1",
        headers={"host": "example.org:8000"},
    )
    assert found == ["http://example.org:8000/other?x=1", "https://example.com/a"]
    own = told(lambda request: request.build_absolute_uri(), "/é?q=1")
    assert own == "http://testserver/a/%C3%A9?q=1"


def test_a_host_that_is_not_allowed_is_a_400(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["good.example"]
    api = BoltAPI()

    @api.get("/x")
    async def handler(request: Request) -> str:
        return request.build_absolute_uri()

    with TestClient(api, raise_server_exceptions=False) as client:
        assert client.get("/x", headers={"host": "good.example"}).text == "http://good.example/x"
        refused = client.get("/x", headers={"host": "evil.example"})
    assert refused.status_code == 400
    assert "evil" not in refused.text


@pytest.mark.parametrize("name", ["form"])
def test_what_is_not_served_yet_says_so(name: str) -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(request: Request) -> Any:
        return getattr(request, name)

    with TestClient(api) as client, pytest.raises(AttributeError, match="not served yet"):
        client.get("/x")


def test_a_nul_in_the_query_of_a_request_is_a_422() -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(request: Request) -> Any:
        return request.query

    with TestClient(api) as client:
        response = client.get("/x?a=%00")
    assert (response.status_code, response.json()["detail"][0]["loc"]) == (422, ["query", "a"])
