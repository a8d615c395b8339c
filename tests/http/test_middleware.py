"""Middleware of one's own: what it sees, what it may change, in which order, around every kind of handler."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import msgspec
import pytest
from django.core.signals import got_request_exception, request_finished, request_started
from django.db import close_old_connections
from django.http import HttpResponse

from django_bolt import BoltAPI, Depends, Header, Query, Request, Router
from django_bolt.exceptions import Conflict, HTTPException, NotFound, TooManyRequests, Unauthorized
from django_bolt.middleware import skip_middleware
from django_bolt.responses import HTML, JSON, PlainText, Redirect, Response
from django_bolt.testing import AsyncTestClient, TestClient


class Item(msgspec.Struct):
    name: str


class Broken(msgspec.Struct):
    def __post_init__(self) -> None:
        raise RuntimeError("a bug of the project")


async def nothing() -> dict[str, Any]:
    return {}


class Named:
    """Notes that it was passed, on the way in and out."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def __call__(self, request: Any, call_next: Any) -> Any:
        request.state.setdefault("way", []).append(self.name)
        response = await call_next(request)
        response.headers.add("x-out", self.name)
        return response


class Counting:
    """Counts the answers by status."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    async def process_response(self, request: Any, response: Any) -> None:
        self.seen.append(response.status_code)


async def way(request: Request) -> Any:
    return request.state["way"]


def function_way(request: Request) -> Any:
    return request.state["way"]


def ask(api: BoltAPI, path: str = "/", method: str = "GET", **options: Any) -> Any:
    with TestClient(api, raise_server_exceptions=False) as client:
        return client.request(method, path, **options)


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


class TestExceptions:
    @pytest.mark.parametrize("kind", ["plain", "coroutine", "def", "inline", "middleware"])
    def test_are_responses_outside(self, kind: str) -> None:
        counting = Counting()

        async def plain() -> None:
            raise Conflict("taken")

        async def coroutine() -> None:
            await asyncio.sleep(0)
            raise Conflict("taken")

        def function() -> None:
            raise Conflict("taken")

        async def raising(request: Any, call_next: Any) -> Any:
            raise Conflict("taken")

        handler = {"plain": plain, "coroutine": coroutine}.get(kind, function)
        api = BoltAPI(middleware=[counting])
        api.get("/", inline=kind == "inline", middleware=[raising] if kind == "middleware" else [])(handler)
        answer = ask(api)
        assert (answer.status_code, answer.json()) == (409, {"detail": "taken"})
        assert counting.seen == [409]

    @pytest.mark.parametrize("where", ["handler", "middleware"])
    def test_the_application_s_error_handlers_answer_them(self, where: str) -> None:
        async def raising(request: Any, call_next: Any) -> Any:
            if where == "middleware":
                raise LookupError
            return await call_next(request)

        counting = Counting()
        api = BoltAPI(middleware=[counting, raising])

        @api.exception_handler(LookupError)
        async def handle(exc: BaseException, request: Any) -> Any:
            await asyncio.sleep(0)
            return {"path": request.path}, 418

        @api.get("/")
        def handler() -> None:
            raise LookupError

        assert ask(api).json() == {"path": "/"}
        assert counting.seen == [418]

    def test_a_mistake_is_reported_once(self, caplog: pytest.LogCaptureFixture) -> None:
        told = []
        counting = Counting()
        api = BoltAPI(middleware=[Named("outer"), counting])

        @api.get("/")
        async def handler() -> None:
            raise ValueError("a mistake")

        def listen(sender: Any, request: Any, **_: Any) -> None:
            told.append(request.path)

        got_request_exception.connect(listen)
        try:
            assert ask(api).status_code == 500
        finally:
            got_request_exception.disconnect(listen)
        assert counting.seen == [500]
        assert told == ["/"]
        assert [record.levelname for record in caplog.records if record.name == "django.request"] == ["ERROR"]

    def test_an_answer_that_cannot_be_made_is_one_too(self) -> None:
        counting = Counting()
        api = BoltAPI(middleware=[counting])
        api.get("/", response_model=Item)(lambda: {"name": 1})
        assert ask(api).status_code == 500
        assert counting.seen == [500]

    def test_a_mistake_in_reading_the_request_is_one_too(self) -> None:
        counting = Counting()
        api = BoltAPI(middleware=[counting])

        @api.post("/")
        async def handler(item: Broken) -> None: ...

        assert ask(api, "/", "POST", json={}).status_code == 500
        assert counting.seen == [500]


def lookup_error() -> Any:
    raise LookupError


RESULTS: dict[str, Callable[[], Any]] = {"raises": lookup_error, "no answer": object}


def cleaned_up_after(kind: str, events: list[str], result: Callable[[], Any]) -> Callable[..., Any]:
    """Return a handler of a kind behind a generator that notes its end."""

    @contextlib.contextmanager
    def noting() -> Iterator[int]:
        try:
            yield 1
        except BaseException as error:
            events.append(type(error).__name__)
            raise
        finally:
            events.append("cleaned up")

    async def agenerate() -> AsyncIterator[int]:
        with noting() as value:
            yield value

    def generate() -> Iterator[int]:
        with noting() as value:
            yield value

    async def coroutine(value: int = Depends(agenerate)) -> Any:
        return result()

    async def mixed(value: int = Depends(generate)) -> Any:
        return result()

    def function(value: int = Depends(generate)) -> Any:
        return result()

    handlers: dict[str, Callable[..., Any]] = {"coroutine": coroutine, "def in a coroutine": mixed}
    return handlers.get(kind, function)


class TestCleanUp:
    @pytest.mark.parametrize("kind", ["coroutine", "def", "inline", "def in a coroutine"])
    @pytest.mark.parametrize("how", ["returns", "raises", "no answer", "middleware raises"])
    def test_runs_behind_the_middleware(self, kind: str, how: str) -> None:
        events: list[str] = []
        handler = cleaned_up_after(kind, events, RESULTS.get(how, dict))

        async def outside(request: Any, call_next: Any) -> Any:
            await call_next(request)
            events.append("middleware")
            if how == "middleware raises":
                raise Conflict
            return {}

        api = BoltAPI(middleware=[outside])
        api.get("/", inline=kind == "inline")(handler)
        assert ask(api).status_code == (409 if how == "middleware raises" else 200)
        expected = {
            "raises": ["LookupError", "cleaned up", "middleware"],
            "no answer": ["TypeError", "cleaned up", "middleware"],
        }
        assert events == expected.get(how, ["middleware", "cleaned up"])


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


class TestTime:
    @pytest.mark.parametrize("kind", ["coroutine", "deaf", "generator"])
    def test_a_handler_that_takes_too_long_is_a_response(self, kind: str) -> None:
        counting, events = Counting(), []

        async def coroutine() -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                events.append("cancelled")
                raise

        async def deaf() -> str:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            return "too late"

        async def generate() -> AsyncIterator[int]:
            try:
                yield 1
            finally:
                events.append("cleaned up")

        async def generator(value: int = Depends(generate)) -> None:
            await asyncio.sleep(60)

        api = BoltAPI(middleware=[counting])
        api.get("/", timeout=0.05)({"coroutine": coroutine, "deaf": deaf, "generator": generator}[kind])
        answer = ask(api)
        assert (answer.status_code, answer.json()) == (504, {"detail": "no answer within 0.05 s"})
        assert counting.seen == [504]
        assert events == {"coroutine": ["cancelled"], "deaf": [], "generator": ["cleaned up"]}[kind]

    def test_a_timeout_of_the_handler_s_own_is_its_own(self) -> None:
        api = BoltAPI(middleware=[Named("a")])

        @api.exception_handler(TimeoutError)
        async def handle(exc: BaseException, request: Any) -> Any:
            return "its own", 418

        @api.get("/", timeout=60)
        async def handler() -> None:
            async with asyncio.timeout(0):
                await asyncio.sleep(60)

        assert ask(api).text == "its own"

    def test_middleware_that_takes_too_long_is_cancelled(self) -> None:
        async def slow(request: Any, call_next: Any) -> Any:
            response = await call_next(request)
            await asyncio.sleep(60)
            return response

        api = BoltAPI(middleware=[slow])
        api.get("/", timeout=0.05)(way)
        assert ask(api).status_code == 504


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


async def test_a_client_that_leaves_cancels_middleware_and_handler() -> None:
    events: list[str] = []
    begun = asyncio.Event()

    async def noting(request: Any, call_next: Any) -> Any:
        try:
            return await call_next(request)
        except asyncio.CancelledError:
            events.append("middleware")
            raise

    async def generate() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            events.append("cleaned up")

    async def handler(value: int = Depends(generate)) -> None:
        try:
            begun.set()
            await asyncio.sleep(60)
        finally:
            events.append("handler")

    api = BoltAPI(middleware=[noting])
    api.get("/")(handler)
    async with AsyncTestClient(api) as client:
        asked = asyncio.create_task(client.get("/"))
        await begun.wait()
        asked.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asked
        while "middleware" not in events:
            await asyncio.sleep(0.01)
    assert events == ["handler", "cleaned up", "middleware"]


async def test_a_shielded_handler_goes_on() -> None:
    events: list[str] = []
    begun, ended = asyncio.Event(), asyncio.Event()

    async def noting(request: Any, call_next: Any) -> Any:
        response = await call_next(request)
        events.append("middleware")
        ended.set()
        return response

    async def handler() -> None:
        begun.set()
        await asyncio.sleep(0.05)
        events.append("handler")

    api = BoltAPI(middleware=[noting])
    api.get("/", shield=True)(handler)
    async with AsyncTestClient(api) as client:
        asked = asyncio.create_task(client.get("/"))
        await begun.wait()
        asked.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asked
        await ended.wait()
    assert events == ["handler", "middleware"]


@pytest.mark.parametrize("wrapped", [False, True])
def test_signals_are_sent_once_for_each_request(wrapped: bool, settings: Any) -> None:
    settings.BOLT = {"EMIT_SIGNALS": True}
    seen: list[str] = []

    def started(**_: Any) -> None:
        seen.append("started")

    def finished(**_: Any) -> None:
        seen.append("finished")

    api = BoltAPI("/api", middleware=[Named("a")] if wrapped else [])

    @api.get("/{number}")
    async def handler(number: int) -> None: ...

    # What an earlier test's connection is closed by, where this one may not touch it.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    request_started.connect(started)
    request_finished.connect(finished)
    try:
        for path in ("/api/1", "/api/x", "/api/none/x"):
            seen.clear()
            ask(api, path)
            assert (path, seen) == (path, ["started", "finished"])
    finally:
        request_started.disconnect(started)
        request_finished.disconnect(finished)
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def test_nothing_is_logged_of_a_client_s_mistake(caplog: pytest.LogCaptureFixture) -> None:
    api = BoltAPI("/api", middleware=[Named("a")])
    api.exception_handler(HTTPException)(lambda exc, request: {"a": 1})
    with caplog.at_level(logging.INFO):
        for path in ("/api/none", "/api/%FF"):
            ask(api, path)
    assert [record for record in caplog.records if record.levelno > logging.INFO and record.name != "httpx"] == []
