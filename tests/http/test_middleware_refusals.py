"""What the server refuses, as middleware and error handlers are shown it."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from django_bolt import BoltAPI
from django_bolt.exceptions import HTTPException, NotFound, TooManyRequests, Unauthorized
from django_bolt.responses import HTML
from django_bolt.testing import TestClient
from tests.http.middleware import Counting, Item, Named, ask, nothing


class TestRefusals:
    @pytest.fixture
    def counting(self) -> Counting:
        return Counting()

    @pytest.fixture
    def api(self, counting: Counting) -> BoltAPI:
        api = BoltAPI("/api", middleware=[counting])

        @api.post("/{number}", max_body=20)
        async def handler(number: int, item: Item) -> None: ...

        return api

    @pytest.mark.parametrize(
        ("status", "method", "path", "options"),
        [
            (404, "GET", "/api/none/x", {}),
            (405, "DELETE", "/api/1", {}),
            (204, "OPTIONS", "/api/1", {}),
            (308, "POST", "/api/1/", {}),
            (400, "GET", "/api/%FF/x", {}),
            (413, "POST", "/api/1", {"content": b" " * 21}),
            (415, "POST", "/api/1", {"content": b"1", "headers": {"content-type": "text/css"}}),
            (422, "POST", "/api/1", {"json": {}}),
            (422, "POST", "/api/x", {"json": {"name": "a"}}),
        ],
    )
    def test_are_seen(
        self, api: BoltAPI, counting: Counting, status: int, method: str, path: str, options: dict[str, Any]
    ) -> None:
        assert ask(api, path, method, follow_redirects=False, **options).status_code == status
        assert counting.seen == [status]

    def test_what_is_below_no_prefix_is_not(self, api: BoltAPI, counting: Counting) -> None:
        assert ask(api, "/other").status_code == 404
        assert counting.seen == []

    def test_the_documentation_is_not(self, counting: Counting) -> None:
        api = BoltAPI(middleware=[counting])
        api.get("/x")(nothing)
        with TestClient(api) as client:
            assert client.get("/openapi.json").status_code == 200
            assert counting.seen == []

    def test_may_be_answered_otherwise(self) -> None:
        async def page(request: Any, call_next: Any) -> Any:
            response = await call_next(request)
            return HTML("<h1>Nothing here", status_code=404) if response.status_code == 404 else response

        api = BoltAPI("/api", middleware=[page])
        answer = ask(api, "/api/none")
        assert (answer.status_code, answer.text) == (404, "<h1>Nothing here")

    def test_a_refused_request_has_no_arguments_but_is_a_request(self) -> None:
        seen = []

        async def note(request: Any, call_next: Any) -> Any:
            response = await call_next(request)
            seen.append((request.method, request.path, dict(request.params), response.status_code))
            return response

        api = BoltAPI(middleware=[note])

        @api.get("/{number}")
        async def handler(number: int) -> None: ...

        ask(api, "/x")
        assert seen == [("GET", "/x", {"number": "x"}, 422)]

    def test_the_connection_still_ends_behind_a_body_that_was_not_read(self) -> None:
        api = BoltAPI(middleware=[Named("a")])

        @api.post("/", max_body=10)
        async def handler(item: Item) -> None: ...

        answer = ask(api, "/", "POST", content=b" " * 11)
        assert (answer.status_code, answer.headers["connection"]) == (413, "close")


class TestErrorHandlers:
    """What error handlers are shown of the server's own refusals."""

    @pytest.fixture(params=[False, True], ids=["alone", "behind middleware"])
    def api(self, request: pytest.FixtureRequest) -> BoltAPI:
        api = BoltAPI("/api", middleware=[Named("a")] if request.param else [])

        @api.exception_handler(HTTPException)
        def handle(exc: Any, request: Any) -> Any:
            return {"kind": type(exc).__name__, "detail": exc.detail, "path": request.path}

        @api.post("/{number}", max_body=20)
        async def handler(number: int, item: Item) -> None: ...

        return api

    @pytest.mark.parametrize(
        ("status", "kind", "method", "path", "options"),
        [
            (404, "NotFound", "GET", "/api/none/x", {}),
            (405, "MethodNotAllowed", "DELETE", "/api/1", {}),
            (400, "BadRequest", "GET", "/api/%FF/x", {}),
            (413, "HTTPException", "POST", "/api/1", {"content": b" " * 21}),
            (415, "HTTPException", "POST", "/api/1", {"content": b"1", "headers": {"content-type": "text/css"}}),
        ],
    )
    def test_see_the_exception(
        self, api: BoltAPI, status: int, kind: str, method: str, path: str, options: dict[str, Any]
    ) -> None:
        answer = ask(api, path, method, **options)
        assert (answer.status_code, answer.json()["kind"]) == (status, kind)
        assert answer.json()["detail"]
        if status == 405:
            assert answer.headers["allow"] == "OPTIONS, POST"

    def test_what_is_no_error_is_left_alone(self, api: BoltAPI) -> None:
        assert ask(api, "/api/1", "OPTIONS").status_code == 204
        assert ask(api, "/api/1/", "POST", follow_redirects=False).status_code == 308
        assert ask(api, "/api/1", "POST", json={}).json()["detail"][0]["type"] == "missing_field"

    def test_other_applications_are_left_alone(self, api: BoltAPI) -> None:
        other = BoltAPI("/other")
        with TestClient([api, other]) as client:
            assert client.get("/other/none").json() == {"detail": "Not Found"}
            assert client.get("/none").json() == {"detail": "Not Found"}
            assert client.get("/api/none/x").json()["kind"] == "NotFound"

    @pytest.mark.parametrize("kind", [NotFound, TooManyRequests, Unauthorized, Exception])
    def test_of_one_kind_leave_the_answers_of_the_others(self, kind: type[Exception]) -> None:
        plain, api = BoltAPI("/api"), BoltAPI("/api")
        api.exception_handler(kind)(lambda exc, request: ({"handled": True}, 418))
        for each in (plain, api):

            @each.post("/{number}", max_body=20)
            async def handler(number: int, item: Item) -> None: ...

        requests: list[tuple[str, str, dict[str, Any]]] = [
            ("/api/x/y", "GET", {}),
            ("/api/1", "DELETE", {}),
            ("/api/1", "POST", {"content": b" " * 21}),
            ("/api/x", "POST", {"json": {"name": 1}}),
        ]
        for path, method, options in requests:
            expected, found = (ask(each, path, method, **options) for each in (plain, api))
            if kind is Exception or (kind is NotFound and expected.status_code == 404):
                assert (found.status_code, found.json()) == (418, {"handled": True})
            else:
                assert (found.status_code, found.content) == (expected.status_code, expected.content)
                assert found.headers.get("allow") == expected.headers.get("allow")


def test_nothing_is_logged_of_a_client_s_mistake(caplog: pytest.LogCaptureFixture) -> None:
    api = BoltAPI("/api", middleware=[Named("a")])
    api.exception_handler(HTTPException)(lambda exc, request: {"a": 1})
    with caplog.at_level(logging.INFO):
        for path in ("/api/none", "/api/%FF"):
            ask(api, path)
    assert [record for record in caplog.records if record.levelno > logging.INFO and record.name != "httpx"] == []
