"""A `def` handler and all that stands around it, as one blocking job: it answers as the way over the loop does.

The slow way is the one that `assemble` takes where something around the handler is asynchronous.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from typing import Annotated, Any

import pytest
from asgiref.sync import iscoroutinefunction, sync_to_async
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.utils import timezone, translation
from django.utils.deprecation import MiddlewareMixin

from django_bolt import BoltAPI, Depends, Query, Request
from django_bolt._runtime import assemble
from django_bolt.auth import (
    BaseGuard,
    IsAuthenticated,
)
from django_bolt.middleware import RateLimitMiddleware
from django_bolt.responses import Response
from django_bolt.testing import AsyncTestClient, TestClient
from tests.http.test_same_answer import BAD_REQUESTS, TYPED, VALUES, Item, behind, seen

TAG: ContextVar[str] = ContextVar("TAG", default="nobody")

Make = Callable[[], BoltAPI]
Asked = list[dict[str, Any]]


def kinds_of(api: BoltAPI) -> set[str]:
    """Return how the server runs an application's routes."""
    return {plan["kind"] for plan in plans_of(api)}


def plans_of(api: BoltAPI) -> list[dict[str, Any]]:
    return [plan for plan in json.loads(assemble.assemble([api], docs=False).plan)["routes"] if plan["method"]]


def both(make: Make, requests: Asked, monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[Any]:
    """Return what is answered to some requests; fails where one of the ways answers otherwise."""
    assert kinds_of(make()) == {"def"}
    answers = []
    for slow in (False, True):
        with monkeypatch.context() as patch:
            if slow:
                patch.setattr(assemble, "blocks", lambda *_, **__: False)
                assert kinds_of(make()) == {"coroutine"}
            with TestClient(make(), raise_server_exceptions=False, **options) as client:
                answers.append([seen(client.request(**{"method": "GET", **request})) for request in requests])
    assert answers[0] == answers[1]
    return answers[0]


def at(*paths: str) -> Asked:
    return [{"url": path} for path in paths]


class Hooks(MiddlewareMixin):
    """Has every hook there is, and tells of all that it is shown."""

    def process_request(self, request: Any) -> Any:
        TAG.set("middleware")
        translation.activate("de")
        timezone.activate("Asia/Tokyo")
        request.seen = []
        return HttpResponse("short", status=203) if "short" in request.GET else None

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> Any:
        request.seen += [view.__name__, args, kwargs, request.resolver_match.route]
        if "stop" in request.GET:
            return HttpResponse("stopped", status=202)
        if "twice" in request.GET:
            view(request)
        return view(request, *args, **kwargs) if "call" in request.GET else None

    def process_template_response(self, request: Any, response: Any) -> Any:
        response.context_data["name"] = "middleware"
        return response

    def process_exception(self, request: Any, exception: Exception) -> Any:
        request.seen.append(repr(exception))
        if isinstance(exception, RecursionError):
            raise OSError("while dealing with it")
        return HttpResponse("excused", status=503) if isinstance(exception, LookupError) else None

    def process_response(self, request: Any, response: Any) -> Any:
        if "after" in request.GET:
            raise ZeroDivisionError
        response["X-Seen"] = repr(request.seen)
        response["X-Marks"] = repr((TAG.get(), translation.get_language(), timezone.get_current_timezone_name()))
        response.set_cookie("seen", "1")
        return response


# What handlers return and raise ------------------------------------------------------------------------


@pytest.mark.parametrize("name", VALUES)
def test_untyped(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> BoltAPI:
        api = BoltAPI(django_middleware=[Hooks])

        def generates() -> Iterator[Any]:
            yield VALUES[name]()

        def handler() -> Any:
            return VALUES[name]()

        for path, function in (("/a", handler), ("/b", behind(handler)[1]), ("/c", behind(generates)[1])):
            api.get(path)(function)
        return api

    requests = [{"method": method, "url": path} for path in ("/a", "/b", "/c") for method in ("GET", "HEAD")]
    both(make, requests, monkeypatch)


@pytest.mark.parametrize("name", TYPED)
def test_typed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, value = TYPED[name]

    def make() -> BoltAPI:
        api = BoltAPI(django_middleware=[Hooks])

        @api.get("/a", response_model=kind)
        def handler() -> Any:
            return value()

        return api

    both(make, at("/a"), monkeypatch)


@pytest.mark.parametrize("request_of", BAD_REQUESTS, ids=lambda request: str(request)[:40])
def test_what_is_wrong_with_a_request(request_of: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> BoltAPI:
        api = BoltAPI(django_middleware=[Hooks])

        @api.post("/{number}", max_body=150)
        def handler(number: int, item: Item, q: Annotated[int, Query(ge=1)], *, request: Request) -> Any:
            return [number, q, item.name, request.body.decode()]

        return api

    both(make, [{"method": "POST", **request_of}, {"method": "POST", "url": "/1", "content": b"1" * 200}], monkeypatch)


def pages(api: BoltAPI) -> None:
    """Add handlers that answer with Django's responses."""

    @api.get("/template")
    def template(request: Request, source: str = "by {{ name }}") -> Any:
        page = engines["django"].from_string(source)
        return TemplateResponse(request.django_request, page, {"name": "handler"}, status=206)

    @api.get("/missing-template")
    def missing_template(request: Request) -> Any:
        return TemplateResponse(request.django_request, "no/such/template.html", {})

    @api.get("/stream")
    def stream() -> Any:
        return StreamingHttpResponse([b"a", b"b"])

    @api.get("/own")
    def own() -> Any:
        response = HttpResponse("own", status=299, headers={"X-Own": "1"})
        response.set_cookie("a", "1")
        response.set_cookie("b", "2", path="/x")
        return response

    @api.get("/bolt")
    def bolt() -> Any:
        response = Response({"a": 1}, 201, headers=[("x-many", "1"), ("x-many", "2")])
        response.set_cookie("two", "1", path="/a")
        return response


def raising(api: BoltAPI) -> None:
    """Add handlers that fail, each in its own way."""
    errors = {
        "lookup": KeyError("a"),
        "zero": ZeroDivisionError("secret"),
        "recursion": RecursionError(),
        "denied": PermissionDenied("no"),
        "gone": Http404("gone"),
        "suspicious": SuspiciousOperation("odd"),
        "os": OSError("os"),
        "timeout": TimeoutError("timeout"),
        "value": ValueError("value"),
        "end": StopIteration(3),
    }
    for name, error in errors.items():
        handler = raiser(error)
        api.get(f"/{name}")(handler)
        api.get(f"/behind-{name}")(behind(handler)[1])


def raiser(error: BaseException) -> Callable[[], Any]:
    def handler() -> Any:
        raise error

    return handler


RAISING = ["lookup", "zero", "recursion", "denied", "gone", "suspicious", "os", "timeout", "value", "end"]


def answering(api: BoltAPI) -> None:
    """Add error handlers of both kinds."""

    @api.exception_handler(OSError)
    async def os_error(error: Exception, request: Request) -> Any:
        await asyncio.sleep(0)
        return {"marks": [TAG.get(), translation.get_language()], "error": str(error), "path": request.path}, 507

    @api.exception_handler(TimeoutError)
    def timeout_error(error: Exception, request: Request) -> Any:
        return {"marks": [TAG.get(), translation.get_language()], "loop": asyncio._get_running_loop() is None}, 508

    @api.exception_handler(ValueError)
    async def value_error(error: Exception, request: Request) -> Any:
        raise error


@pytest.mark.parametrize("query", ["", "?call", "?stop", "?short", "?twice", "?after"])
def test_hooks(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> BoltAPI:
        api = BoltAPI(django_middleware=["django.middleware.gzip.GZipMiddleware", Hooks])
        pages(api)
        raising(api)
        answering(api)
        return api

    paths = ["template", "missing-template", "stream", "own", "bolt", *RAISING, *(f"behind-{name}" for name in RAISING)]
    answers = both(make, at(*(f"/{path}{query}" for path in paths), f"/nowhere{query}"), monkeypatch)
    if not query:
        statuses = dict(zip(paths, (answer[0] for answer in answers), strict=False))
        assert (statuses["template"], statuses["lookup"], statuses["os"]) == (206, 503, 507)


def test_what_a_handler_finds_in_its_context(monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> BoltAPI:
        api = BoltAPI(django_middleware=[Hooks])

        def dependency() -> Any:
            found = TAG.get()
            TAG.set("dependency")
            return found

        @api.get("/a")
        def handler(before: Any = Depends(dependency)) -> Any:
            found = [before, TAG.get(), translation.get_language(), timezone.get_current_timezone_name()]
            TAG.set("handler")
            translation.activate("fr")
            return found

        return api

    (answer,) = both(make, at("/a"), monkeypatch)
    assert answer[2] == b'["middleware","dependency","de","Asia/Tokyo"]'
    assert dict(answer[1])["x-marks"] == "('handler', 'fr', 'Asia/Tokyo')"
    assert (TAG.get(), translation.get_language()) == ("nobody", "en-us")


EVENTS: list[list[str]] = []
"""What happened to each request, in its order."""


class Noting:
    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        EVENTS.append(["in"])
        response = self.get_response(request)
        EVENTS[-1].append(f"out {response.status_code}")
        if "after" in request.GET:
            raise ZeroDivisionError
        return response


def outer() -> Iterator[str]:
    try:
        yield "outer"
    except Exception as error:
        EVENTS[-1].append(f"outer saw {error!r}")
        raise
    finally:
        EVENTS[-1].append("outer")


def inner(value: Annotated[str, Depends(outer)]) -> Iterator[str]:
    yield value + " inner"
    EVENTS[-1].append("inner")
    raise LookupError("in a clean-up")


def test_in_which_order_it_is_cleaned_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> BoltAPI:
        api = BoltAPI(django_middleware=[Noting])

        @api.get("/a")
        def handler(value: Annotated[str, Depends(inner)], broken: bool = False, odd: bool = False) -> Any:
            EVENTS[-1].append("handler")
            if broken:
                raise OSError("handler")
            return object() if odd else value

        return api

    EVENTS.clear()
    both(make, at("/a", "/a?broken=1", "/a?odd=1", "/a?after"), monkeypatch)
    fast, slow = EVENTS[:4], EVENTS[4:]
    assert fast == slow
    assert fast[0] == ["in", "handler", "out 200", "inner", "outer saw LookupError('in a clean-up')", "outer"]
    assert [event for event in fast[1] if event.startswith("out ")] == ["out 500"]


def test_an_asynchronous_error_handler_runs_on_the_client_s_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> BoltAPI:
        loops: list[Any] = []
        lock = asyncio.Lock()

        @contextlib.asynccontextmanager
        async def lifespan(app: Any) -> AsyncIterator[None]:
            loops.append(asyncio.get_running_loop())
            yield

        api = BoltAPI(django_middleware=[Hooks], lifespan=lifespan)

        @api.exception_handler(OSError)
        async def os_error(error: Exception, request: Request) -> Any:
            async with lock, asyncio.timeout(5):
                asked = await asyncio.to_thread(lambda: "elsewhere")
                here = await sync_to_async(TAG.get)()
            await asyncio.sleep(0.001)
            return [asyncio.get_running_loop() is loops[0], asked, here], 507

        @api.get("/a")
        def handler() -> Any:
            raise OSError

        return api

    (answer, _) = both(make, at("/a", "/a"), monkeypatch)
    assert (answer[0], answer[2]) == (507, b'[true,"elsewhere","middleware"]')


# Where it is one job, and where it is not ---------------------------------------------------------------


async def own(request: Any, call_next: Any) -> Any:
    return await call_next(request)


class OnlyAsync:
    sync_capable = False
    async_capable = True

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    async def __call__(self, request: Any) -> Any:
        assert iscoroutinefunction(self.get_response)
        return await self.get_response(request)


class Later(BaseGuard):
    """One whose plain function returns what has to be awaited."""

    def check(self, request: Any) -> Any:
        async def answer() -> bool:
            await asyncio.sleep(0)
            return "later" in request.query

        return answer()


class AsyncGuard(BaseGuard):
    async def check(self, request: Any) -> bool:
        await asyncio.sleep(0)
        return True


@pytest.mark.parametrize(
    ("application", "route", "kind"),
    [
        ({"django_middleware": [Hooks]}, {}, "def"),
        ({"django_middleware": [Hooks]}, {"guards": [IsAuthenticated()]}, "def"),
        ({"django_middleware": [Hooks]}, {"guards": [Later()]}, "def"),
        ({"django_middleware": [Hooks]}, {"guards": [AsyncGuard()]}, "coroutine"),
        ({"django_middleware": [Hooks]}, {"timeout": 60}, "coroutine"),
        ({"django_middleware": [Hooks]}, {"inline": True}, "coroutine"),
        ({"django_middleware": [Hooks], "middleware": [own]}, {}, "coroutine"),
        ({"django_middleware": [Hooks], "middleware": [RateLimitMiddleware(requests=100)]}, {}, "def"),
        ({"django_middleware": [OnlyAsync]}, {}, "coroutine"),
        ({"middleware": [own]}, {}, "coroutine"),
        ({}, {}, "def"),
        ({}, {"guards": [Later()]}, "def"),
    ],
    ids=str,
)
def test_which_way_a_handler_goes(application: dict[str, Any], route: dict[str, Any], kind: str) -> None:
    api = BoltAPI(**application)

    @api.get("/x", **route)
    def handler() -> Any:
        return "x"

    assert kinds_of(api) == {kind}
    with TestClient(api) as client:
        assert client.get("/x?later").status_code in (200, 401)


def test_both_clients_answer_alike() -> None:
    def make(name: str) -> BoltAPI:
        api = BoltAPI(django_middleware=[Hooks])
        answering(api)
        api.get("/a")(lambda: VALUES[name]())
        api.get("/os")(raiser(OSError("os")))
        return api

    async def ask() -> list[Any]:
        answers = []
        for name in VALUES:
            async with AsyncTestClient(make(name), raise_server_exceptions=False) as client:
                answers += [seen(await client.get(path)) for path in ("/a", "/os")]
        return answers

    answers = []
    for name in VALUES:
        with TestClient(make(name), raise_server_exceptions=False) as client:
            answers += [seen(client.get(path)) for path in ("/a", "/os")]
    assert asyncio.run(ask()) == answers
