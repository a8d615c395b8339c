"""What answers a request that no route answers as it is: redirects, 404, 405, HEAD and OPTIONS."""

from __future__ import annotations

from typing import Any

import pytest

from django_bolt import BoltAPI, Request
from django_bolt.testing import TestClient


@pytest.fixture
def api() -> BoltAPI:
    api = BoltAPI()

    @api.get("/plain")
    async def plain(request: Request) -> dict[str, str]:
        return {"method": request.method}

    @api.post("/plain")
    async def create() -> str:
        return "created"

    @api.get("/slash/")
    async def slash() -> str:
        return "slash"

    @api.get("/users/{name}")
    async def user(name: str) -> str:
        return name

    @api.delete("/only-delete")
    async def only_delete() -> str:
        return "deleted"

    return api


def test_an_unknown_path_is_a_404_in_json_where_accept_prefers_it(api: BoltAPI) -> None:
    with TestClient(api) as client:
        response = client.get("/nothing", headers={"accept": "application/json"})
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"detail": "Not Found"}


def test_an_unknown_path_is_handler404_where_accept_prefers_a_page(api: BoltAPI) -> None:
    with TestClient(api) as client:
        response = client.get("/nothing", headers={"accept": "text/html,application/json;q=0.9,*/*;q=0.8"})
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")
    assert "<h1>Not Found</h1>" in response.text


def test_an_unknown_path_below_an_api_s_prefix_is_json_whatever_accept_says() -> None:
    api = BoltAPI(prefix="/api")

    @api.get("/x")
    async def handler() -> str:
        return "x"

    with TestClient(api) as client:
        inside = client.get("/api/nothing", headers={"accept": "text/html"})
        outside = client.get("/apix", headers={"accept": "text/html"})
    assert (inside.status_code, inside.json()) == (404, {"detail": "Not Found"})
    assert outside.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(("method", "path"), [("PUT", "/plain"), ("GET", "/only-delete"), ("POST", "/users/a")])
def test_a_known_path_and_a_wrong_method_is_a_405_with_allow(api: BoltAPI, method: str, path: str) -> None:
    allow = {
        "/plain": {"GET", "HEAD", "POST", "OPTIONS"},
        "/only-delete": {"DELETE", "OPTIONS"},
        "/users/a": {"GET", "HEAD", "OPTIONS"},
    }
    with TestClient(api) as client:
        response = client.request(method, path)
    assert response.status_code == 405
    assert response.json() == {"detail": "Method Not Allowed"}
    assert {part.strip() for part in response.headers["allow"].split(",")} == allow[path]


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "get", "FOO"])
def test_an_unknown_method_is_a_405_or_a_501_and_never_reaches_a_handler(api: BoltAPI, method: str) -> None:
    with TestClient(api) as client:
        # httpx upper-cases methods, so "get" is sent by hand.
        request = client.build_request(method, "/plain")
        request.method = method
        assert client.send(request).status_code in (400, 405, 501)


def test_head_answers_for_every_get(api: BoltAPI) -> None:
    with TestClient(api) as client:
        get = client.get("/plain")
        head = client.head("/plain")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == str(len(b'{"method":"HEAD"}'))
    assert head.headers["content-type"] == get.headers["content-type"]


def test_a_head_handler_of_its_own_wins() -> None:
    api = BoltAPI()

    @api.get("/x")
    async def get() -> str:
        return "get"

    @api.head("/x", status_code=202)
    async def head() -> None: ...

    with TestClient(api) as client:
        assert client.head("/x").status_code == 202
        assert client.get("/x").status_code == 200


def test_options_answers_with_allow_where_no_handler_is_given(api: BoltAPI) -> None:
    with TestClient(api) as client:
        response = client.options("/plain")
    assert response.status_code in (200, 204)
    assert response.content == b""
    assert {part.strip() for part in response.headers["allow"].split(",")} == {"GET", "HEAD", "POST", "OPTIONS"}


def test_an_options_handler_of_its_own_wins() -> None:
    api = BoltAPI()

    @api.options("/x")
    async def options() -> dict[str, bool]:
        return {"own": True}

    with TestClient(api) as client:
        assert client.options("/x").json() == {"own": True}


@pytest.mark.parametrize(
    ("asked", "location"),
    [
        ("/plain/", "/plain"),
        ("/slash", "/slash/"),
        ("/users/a%20b/", "/users/a%20b"),
        ("/plain/?a=1&b=%2F", "/plain?a=1&b=%2F"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_other_spelling_is_a_308_that_keeps_the_query(api: BoltAPI, asked: str, location: str, method: str) -> None:
    with TestClient(api) as client:
        response = client.request(method, asked)
    assert response.status_code == 308
    assert response.headers["location"] == location


def test_a_redirected_post_keeps_method_and_body() -> None:
    api = BoltAPI()

    @api.post("/x")
    async def handler(request: Request) -> dict[str, Any]:
        return {"method": request.method, "body": await request.json()}

    with TestClient(api, follow_redirects=True) as client:
        assert client.post("/x/", json=[1]).json() == {"method": "POST", "body": [1]}


def test_no_redirect_where_neither_spelling_exists(api: BoltAPI) -> None:
    with TestClient(api) as client:
        assert client.get("/nothing/").status_code == 404


def test_both_spellings_may_be_declared() -> None:
    api = BoltAPI()

    @api.get("/x")
    async def without() -> str:
        return "without"

    @api.get("/x/")
    async def with_slash() -> str:
        return "with"

    with TestClient(api) as client:
        assert (client.get("/x").text, client.get("/x/").text) == ("without", "with")


@pytest.mark.parametrize(
    "path", ["//plain", "/plain//", "//evil.example/plain", "/\\evil.example/", "//evil.example//"]
)
def test_doubled_slashes_are_another_path_and_never_an_open_redirect(api: BoltAPI, path: str) -> None:
    with TestClient(api) as client:
        request = client.build_request("GET", "/")
        request.url = request.url.copy_with(raw_path=path.encode())
        response = client.send(request)
    assert response.status_code in (400, 404)
    assert "location" not in response.headers


def test_the_first_api_that_knows_the_path_answers() -> None:
    first, second = BoltAPI(), BoltAPI(prefix="/two")

    @first.get("/x")
    async def one() -> str:
        return "one"

    @second.get("/x")
    async def two() -> str:
        return "two"

    with TestClient([first, second]) as client:
        assert (client.get("/x").text, client.get("/two/x").text) == ("one", "two")
