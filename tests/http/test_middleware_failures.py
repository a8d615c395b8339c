"""Middleware around what raises, takes too long or is left by its client, and what is cleaned up then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from django.core.signals import got_request_exception, request_finished, request_started
from django.db import close_old_connections

from django_bolt import BoltAPI, Depends
from django_bolt.exceptions import Conflict
from django_bolt.testing import AsyncTestClient
from tests.http.middleware import Broken, Counting, Item, Named, ask, way


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
