from __future__ import annotations

import asyncio
from typing import Any

import pytest

from django_bolt._runtime.around import build_around, response_of
from django_bolt._runtime.run import Deferred
from django_bolt.request import Request
from django_bolt.responses import JSON, Redirect, Response
from tests.unit.raw_request import Raw


def finish(value: Any) -> Any:
    return 200, [("x-value", str(value))], b""


def fail(error: BaseException, exchange: Any) -> Any:
    assert isinstance(exchange.request, Request)
    return 500, [], type(error).__name__.encode()


async def passing(request: Any, call_next: Any) -> Any:
    return await call_next(request)


async def handler(*args: Any) -> Any:
    return args


def around(call: Any = handler, *middleware: Any, **options: Any) -> Any:
    made = build_around(
        call, options.pop("kind", "coroutine"), access=None, middleware=middleware, finish=finish, fail=fail, **options
    )
    assert made is not None
    return made


async def test_where_nothing_stands_around_there_is_none() -> None:
    assert build_around(handler, "plain", access=None, middleware=(), finish=finish, fail=fail) is None


async def test_arguments_reach_the_handler() -> None:
    response = await around(handler, passing)(Request(Raw()), None, 1, 2)
    assert response.as_reply() == (200, [("x-value", "(1, 2)")], b"")


@pytest.mark.parametrize("kind", ["def", "inline"])
async def test_blocking_handlers(kind: str) -> None:
    response = await around(lambda value: value, passing, kind=kind)(Request(Raw()), None, 1)
    assert response.headers["x-value"] == "1"


async def test_a_refusal_takes_the_handler_s_place() -> None:
    assert (await around(handler, passing)(Request(Raw()), (413, [], b"no"))).as_reply() == (413, [], b"no")
    assert (await around(handler, passing)(Request(Raw()), ValueError())).as_reply() == (500, [], b"ValueError")


async def test_error_handlers_are_shown_a_refusal_where_they_want_to() -> None:
    refusal = (404, [("content-type", "application/json")], b'{"detail":"Not Found"}')
    response = await around(handler, passing, show_refusals=True)(Request(Raw()), refusal)
    assert response.body == b"NotFound"
    page = (404, [("content-type", "text/html")], b"<p>")
    assert (await around(handler, passing, show_refusals=True)(Request(Raw()), page)).as_reply() == page


async def test_what_is_outermost_comes_first() -> None:
    order: list[str] = []

    def named(name: str) -> Any:
        async def middleware(request: Any, call_next: Any) -> Any:
            order.append(name)
            return await call_next(request)

        return middleware

    await around(handler, named("a"), named("b"), django=named("django"))(Request(Raw()), None)
    assert order == ["django", "a", "b"]


@pytest.mark.parametrize("kind", ["coroutine", "def"])
async def test_clean_up_comes_with_the_response(kind: str) -> None:
    events: list[Any] = []

    async def acleanup(error: Any = None) -> None:
        events.append(error)

    async def acall() -> Any:
        return Deferred(1, acleanup)

    call = acall if kind == "coroutine" else lambda: Deferred(1, lambda error=None: events.append(error))
    made = await around(call, passing, kind=kind)(Request(Raw()), None)
    assert type(made) is Deferred
    assert made.value.headers["x-value"] == "1"
    assert events == []
    await made.cleanup()
    assert events == [None]


async def test_a_cancelled_request_is_cleaned_up() -> None:
    events: list[Any] = []

    async def cleanup(error: Any = None) -> None:
        events.append(type(error))

    async def call() -> Any:
        return Deferred(1, cleanup)

    async def waiting(request: Any, call_next: Any) -> Any:
        await call_next(request)
        await asyncio.sleep(60)

    task = asyncio.ensure_future(around(call, waiting)(Request(Raw()), None))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert events == [asyncio.CancelledError]


async def test_a_response_is_handed_on_and_json_is_made_one() -> None:
    redirect = Redirect("/a")
    assert await response_of(redirect, passing) is redirect
    made = await response_of(JSON({"a": 1}, 201), passing)
    assert type(made) is Response
    assert (made.status_code, made.body) == (201, b'{"a":1}')
    with pytest.raises(TypeError, match="the middleware passing returned None"):
        await response_of(None, passing)
