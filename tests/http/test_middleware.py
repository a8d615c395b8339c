"""Middleware of one's own: what it sees, what it may change, in which order, around every kind of handler."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from django.http import HttpResponse

from django_bolt import BoltAPI, Depends, Header, Query, Request, Router
from django_bolt.middleware import skip_middleware
from django_bolt.responses import HTML, JSON, PlainText, Redirect, Response
from django_bolt.testing import AsyncTestClient, TestClient
from tests.http.middleware import Item, Named, ask, function_way, nothing, way


class TestOrder:
    def test_from_the_application_to_the_route(self) -> None:
        api = BoltAPI(middleware=[Named("app 1"), Named("app 2")])
        outer, inner = Router("/o", middleware=[Named("outer")]), Router("/i", middleware=[Named("inner")])
        inner.get("/x", middleware=[Named("route")])(way)
        outer.include_router(inner)
        api.include_router(outer)
        answer = ask(api, "/o/i/x")
        assert answer.json() == ["app 1", "app 2", "outer", "inner", "route"]
        assert answer.headers.get_list("x-out") == ["route", "inner", "outer", "app 2", "app 1"]

    def test_a_mounted_application_is_inside(self) -> None:
        api, other = BoltAPI(middleware=[Named("app")]), BoltAPI(middleware=[Named("mounted")])
        other.get("/x")(way)
        api.get("/y")(way)
        api.mount("/m", other)
        assert ask(api, "/m/x").json() == ["app", "mounted"]
        assert ask(api, "/y").json() == ["app"]
        assert ask(api, "/m/none").headers.get_list("x-out") == ["mounted", "app"]
        assert ask(api, "/none").headers.get_list("x-out") == ["app"]

    def test_an_application_beside_has_its_own(self) -> None:
        first, second = BoltAPI("/a", middleware=[Named("first")]), BoltAPI("/b", middleware=[Named("second")])
        first.get("/x")(way)
        second.get("/x")(way)
        with TestClient([first, second]) as client:
            assert client.get("/a/x").json() == ["first"]
            assert client.get("/b/none").headers.get_list("x-out") == ["second"]
            assert client.get("/none").headers.get_list("x-out") == []
            assert client.get("/ab").headers.get_list("x-out") == []

    def test_a_route_without_any_is_called_as_before(self) -> None:
        api = BoltAPI()

        @api.get("/wrapped", middleware=[Named("route")])
        async def wrapped(request: Request) -> Any:
            return asyncio.current_task() is not None

        @api.get("/plain")
        async def plain() -> Any:
            return asyncio.current_task() is not None

        assert ask(api, "/wrapped").json() is True
        assert ask(api, "/plain").json() is False

    def test_a_class_is_made_once(self) -> None:
        made = []

        class Once:
            def __init__(self) -> None:
                made.append(self)

            async def __call__(self, request: Any, call_next: Any) -> Any:
                return await call_next(request)

        api = BoltAPI(middleware=[Once])
        for path in ("/a", "/b"):
            api.get(path)(way)
        with TestClient(api):
            assert len(made) == 1


class TestRequest:
    @pytest.mark.parametrize("kind", ["plain", "coroutine", "def", "inline"])
    def test_is_one_and_the_same_everywhere(self, kind: str) -> None:
        seen = []

        async def note(request: Any, call_next: Any) -> Any:
            request.state.tenant = "acme"
            seen.append(request)
            return await call_next(request)

        def dependency(request: Request) -> Any:
            seen.append(request)
            return request.state.tenant

        async def plain(request: Request, tenant: str = Depends(dependency)) -> Any:
            seen.append(request)
            return tenant

        async def coroutine(request: Request, tenant: str = Depends(dependency)) -> Any:
            await asyncio.sleep(0)
            seen.append(request)
            return tenant

        def function(request: Request, tenant: str = Depends(dependency)) -> Any:
            seen.append(request)
            return tenant

        handler = {"plain": plain, "coroutine": coroutine}.get(kind, function)
        api = BoltAPI(middleware=[note])
        api.get("/", inline=kind == "inline")(handler)
        assert ask(api).text == "acme"
        assert len(seen) == 3
        assert len({id(request) for request in seen}) == 1

    def test_body_and_parameters_are_there(self) -> None:
        seen = []

        async def note(request: Any, call_next: Any) -> Any:
            seen.append((request.method, request.path, dict(request.params), dict(request.query), request.body))
            return await call_next(request)

        api = BoltAPI(middleware=[note])

        @api.post("/{number}")
        async def handler(number: int, item: Item, *, q: Annotated[int, Query()], x_a: Annotated[str, Header()]) -> Any:
            return [number, item.name, q, x_a]

        answer = ask(api, "/3?q=4", "POST", json={"name": "a"}, headers={"x-a": "b"})
        assert answer.json() == [3, "a", 4, "b"]
        assert seen == [("POST", "/3", {"number": "3"}, {"q": "4"}, b'{"name":"a"}')]


class TestAnswer:
    def test_may_be_changed(self) -> None:
        async def change(request: Any, call_next: Any) -> Any:
            response = await call_next(request)
            assert response.headers["content-type"] == "application/json"
            response.headers["x-length"] = str(len(response.body))
            response.body = response.body.upper()
            response.status_code = 203
            response.set_cookie("seen", "1")
            return response

        api = BoltAPI(middleware=[change])
        api.get("/")(lambda: {"a": "b"})
        answer = ask(api)
        assert (answer.status_code, answer.json()) == (203, {"A": "B"})
        assert answer.headers["x-length"] == "9"
        assert answer.headers["content-length"] == "9"
        assert answer.cookies["seen"] == "1"

    @pytest.mark.parametrize(
        ("make", "status", "kind", "body"),
        [
            (lambda: {"a": 1}, 200, "application/json", b'{"a":1}'),
            (lambda: ["a"], 200, "application/json", b'["a"]'),
            (lambda: Item("a"), 200, "application/json", b'{"name":"a"}'),
            (lambda: "text", 200, "text/plain; charset=utf-8", b"text"),
            (lambda: b"bytes", 200, "application/octet-stream", b"bytes"),
            (lambda: ({"a": 1}, 418), 418, "application/json", b'{"a":1}'),
            (lambda: ("a", 418, {"content-type": "text/css"}), 418, "text/css", b"a"),
            (lambda: JSON({"a": 1}, 201), 201, "application/json", b'{"a":1}'),
            (lambda: HTML("<p>"), 200, "text/html; charset=utf-8", b"<p>"),
            (lambda: HttpResponse("a", status=418), 418, "text/html; charset=utf-8", b"a"),
            (lambda: Redirect("/other"), 302, None, b""),
        ],
    )
    @pytest.mark.parametrize("way", ["call", "process_request", "process_response"])
    def test_is_anything_that_a_handler_may_return(
        self, make: Callable[[], Any], status: int, kind: str | None, body: bytes, way: str
    ) -> None:
        async def call(request: Any, call_next: Any) -> Any:
            return make()

        class Asked:
            async def process_request(self, request: Any) -> Any:
                return make() if way == "process_request" else None

            async def process_response(self, request: Any, response: Any) -> Any:
                assert isinstance(response, Response)
                return make() if way == "process_response" else None

        seen = []

        async def outside(request: Any, call_next: Any) -> Any:
            response = await call_next(request)
            seen.append((response.status_code, response.headers.get("content-type"), response.body))
            return response

        called = []
        api = BoltAPI(middleware=[outside, call if way == "call" else Asked])
        api.get("/")(lambda: called.append(1))
        answer = ask(api, follow_redirects=False)
        assert (answer.status_code, answer.headers.get("content-type"), answer.content) == (status, kind, body)
        assert seen == [(status, kind, body)]
        assert called == ([1] if way == "process_response" else [])

    def test_none_is_a_mistake(self, caplog: pytest.LogCaptureFixture) -> None:
        async def forgetful(request: Any, call_next: Any) -> Any:
            await call_next(request)

        api = BoltAPI(middleware=[forgetful])
        api.get("/")(nothing)
        assert ask(api).status_code == 500
        assert "the middleware TestAnswer.test_none_is_a_mistake.<locals>.forgetful returned None" in caplog.text

    def test_the_handler_is_called_once(self, caplog: pytest.LogCaptureFixture) -> None:
        async def twice(request: Any, call_next: Any) -> Any:
            first = await call_next(request)
            second = await call_next(request)
            return {"first": first.status_code, "second": second.status_code}

        called = []
        api = BoltAPI(middleware=[twice])
        api.get("/")(lambda: called.append(1))
        assert ask(api).json() == {"first": 200, "second": 500}
        assert called == [1]
        assert "call it once" in caplog.text


def test_blocking_handlers_run_where_they_do_without() -> None:
    threads: dict[str, Any] = {}

    def handler(request: Request) -> None:
        with contextlib.suppress(RuntimeError):
            threads["loop"] = asyncio.get_running_loop()
        threads[request.path] = threading.current_thread()

    api = BoltAPI(middleware=[Named("a")])
    api.get("/def")(handler)
    api.get("/inline", inline=True)(handler)
    with TestClient(api) as client:
        client.get("/def")
        client.get("/inline")
    assert threads == {"/def": threading.current_thread(), "/inline": threading.current_thread()}


async def test_under_a_loop_of_the_test_s_own() -> None:
    api = BoltAPI(middleware=[Named("a")])
    api.get("/plain")(way)
    api.get("/def")(function_way)
    api.get("/inline", inline=True)(function_way)
    async with AsyncTestClient(api) as client:
        for path in ("/plain", "/def", "/inline"):
            assert (await client.get(path)).json() == ["a"]
        assert (await client.get("/none")).headers["x-out"] == "a"


class TestSkipping:
    def test_one_by_its_name(self) -> None:
        async def by_function(request: Any, call_next: Any) -> Any:
            request.state.setdefault("way", []).append("function")
            return await call_next(request)

        api = BoltAPI(middleware=[Named("app"), by_function])

        @api.get("/class")
        @skip_middleware("Named")
        async def without_class(request: Request) -> Any:
            return request.state.get("way")

        @skip_middleware("by_function")
        @api.get("/function")
        async def without_function(request: Request) -> Any:
            return request.state.get("way")

        @api.get("/all")
        @skip_middleware("*")
        async def without_any(request: Request) -> Any:
            return request.state.get("way")

        assert ask(api, "/class").json() == ["function"]
        assert ask(api, "/function").json() == ["app"]
        assert ask(api, "/all").json() is None


def test_a_decorated_function_is_one() -> None:
    def decorated(function: Any) -> Any:
        @functools.wraps(function)
        async def wrapper(*args: Any) -> Any:
            return await function(*args)

        return wrapper

    @decorated
    async def middleware(request: Any, call_next: Any) -> Any:
        return PlainText("instead")

    api = BoltAPI(middleware=[middleware])
    api.get("/")(nothing)
    assert ask(api).text == "instead"
