"""What runs around a handler, as one coroutine: middleware, then who may pass, then the handler and its answer.

The server's own refusals come through here as well, so that middleware sees every answer. Routes that need none of it
are called without.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.http.response import HttpResponseBase

from django_bolt._django.response import DjangoResponse
from django_bolt._plan.model import HandlerKind
from django_bolt._runtime.access import Access
from django_bolt._runtime.fail import Fail, timed_out
from django_bolt._runtime.finish import Finish, compose, split, wants_thread
from django_bolt._runtime.own_middleware import style_of
from django_bolt._runtime.refusal import refusal_exception
from django_bolt._runtime.run import Deferred, run_to_end
from django_bolt.orm.entry import run_blocking
from django_bolt.orm.waiting import wait_for
from django_bolt.responses import Reply, Response

Next = Callable[[Any], Awaitable[Response]]
"""`call_next(request)`: the answer of all that stands further in."""
Middleware = Callable[[Any, Next], Awaitable[Any]]
Around = Callable[..., Awaitable[Any]]


class HandlerCall:
    """The one call of its handler that a request leads to, or what takes its place; the Request holds it."""

    __slots__ = ("arguments", "called", "deferred", "refusal")

    def __init__(self, refusal: Reply | BaseException | None, arguments: tuple[Any, ...]) -> None:
        self.refusal = refusal
        self.arguments = arguments
        self.called = False
        self.deferred: Deferred | None = None

    def begin(self) -> None:
        """Note that it is made; raises `RuntimeError` for the second time."""
        if self.called:
            raise RuntimeError("call_next() reached the handler of this request a second time; call it once")
        self.called = True


class Failed:
    """What an error handler asks of an exchange: the request."""

    __slots__ = ("request",)

    def __init__(self, request: Any) -> None:
        self.request = request


def build_around(
    call: Callable[..., Any],
    kind: HandlerKind,
    *,
    access: Access | None,
    middleware: tuple[Any, ...],
    finish: Finish,
    fail: Fail,
    timeout: float | None = None,
    show_refusals: bool = False,
    django: Middleware | None = None,
) -> Around | None:
    """Return `around(request, refusal, *args)`, or None where nothing stands around the handler.

    It answers with a `Response`, or with a `Deferred` of one where dependencies have something left to do. `refusal` is
    what takes the handler's place: the server's own answer, or an exception; or None. `timeout` is the handler's;
    `show_refusals` tells error handlers of the server's answers. `django(request, call_next)` stands outermost.
    """
    if access is None and not middleware and django is None:
        return None
    if django is not None and not middleware:
        finish = finish_for_django(finish)
    innermost = Innermost(
        call, kind, access=access, finish=finish, fail=fail, show_refusals=show_refusals, timeout=timeout
    )
    outermost: Next = innermost.answer if timeout is None else innermost.answer_in_time
    for item in reversed(middleware):
        outermost = step(calling(item), outermost, fail)
    if django is not None:
        outermost = step(django, outermost, fail)

    return entrance(outermost, innermost, access)


def entrance(outermost: Next, innermost: Innermost, access: Access | None) -> Around:
    """Return what Rust calls."""

    async def around(request: Any, refusal: Reply | BaseException | None, *args: Any) -> Any:
        if access is not None:
            request._access = access
        request._handler_call = call = HandlerCall(refusal, args)
        try:
            response = await outermost(request)
        except BaseException as error:
            if call.deferred is not None:
                await innermost.clean_up(call.deferred, error)
            raise
        if call.deferred is None:
            return response
        return Deferred(response, partial(innermost.clean_up, call.deferred))

    return around


class Innermost:
    """The handler with its dependencies, behind who may pass; what it raises is answered here."""

    def __init__(
        self,
        call: Callable[..., Any],
        kind: HandlerKind,
        *,
        access: Access | None,
        finish: Finish,
        fail: Fail,
        show_refusals: bool,
        timeout: float | None,
    ) -> None:
        self._call = call
        self._access = access
        self._finish = finish
        self._fail = fail
        self._show_refusals = show_refusals
        self._timeout = timeout
        self._blocking = BLOCKING.get(kind)
        self._run_there: Callable[..., Awaitable[Any]] | None = None
        """Runs a blocking handler where handlers of its kind run."""
        if kind == "def":
            # Made once: it looks into what it is given.
            self._run_there = sync_to_async(self._run, thread_sensitive=True)
        elif kind == "inline":
            self._run_there = partial(run_blocking, self._run)

    async def answer(self, request: Any) -> Response:
        """Return the answer of the handler, or of what takes its place."""
        call: HandlerCall = request._handler_call
        try:
            call.begin()
            refusal = call.refusal
            if self._access is not None and self._access.applies(request, refusal):
                await self._access.check(request)
            if refusal is None:
                if self._run_there is not None:
                    reply, call.deferred = await self._run_there(request, call.arguments)
                    return await respond(reply)
                value = await self._call(*call.arguments)
                if type(value) is not Deferred:
                    return await respond(self._finish(value))
                call.deferred = value
                return await respond(self._finish(value.value))
            if self._access is not None:
                self._access.leave(request)
            return Response.of_reply(self._refuse(refusal))
        except Exception as error:  # noqa: BLE001  # whatever the project raises has its answer
            if call.deferred is not None:
                deferred, call.deferred = call.deferred, None
                await self.clean_up(deferred, error)
            return await respond(self._fail(error, Failed(request)))

    def answer_here(self, request: Any) -> Response:
        """Do what `answer` does of a handler that blocks, as blocking code: nobody refused the request."""
        call: HandlerCall = request._handler_call
        try:
            call.begin()
            if self._access is not None and self._access.applies(request, None):
                run_to_end(self._access.check(request))
        except Exception as error:  # noqa: BLE001  # as above
            return respond_here(self._fail(error, Failed(request)))
        answer, call.deferred = self._run(request, call.arguments)
        return respond_here(answer)

    async def answer_in_time(self, request: Any) -> Response:
        """Return the answer, or that of a handler that takes too long, which is cancelled."""
        assert self._timeout is not None  # noqa: S101  # nobody calls it otherwise
        try:
            async with asyncio.timeout(self._timeout) as limit:
                response = await self.answer(request)
        except TimeoutError:
            # What the handler raises is answered further in.
            return await respond(self._fail(timed_out(self._timeout), Failed(request)))
        end = limit.when()
        if end is not None and end <= asyncio.get_running_loop().time():
            return await respond(self._fail(timed_out(self._timeout), Failed(request)))
        return response

    async def clean_up(self, deferred: Deferred, error: BaseException | None = None) -> None:
        """Let dependencies do what is left, where they ran."""
        if self._blocking is None:
            await deferred.cleanup(error)
        else:
            await self._blocking(deferred.cleanup, error)

    def _run(self, request: Any, arguments: tuple[Any, ...]) -> tuple[Any, Deferred | None]:
        """Run a handler that blocks, and make its answer where it ran: reading rows and error handlers block too."""
        deferred: Deferred | None = None
        try:
            value = self._call(*arguments)
            if type(value) is Deferred:
                deferred, value = value, value.value
            return self._finish(value), deferred
        except Exception as error:  # noqa: BLE001  # as above
            if deferred is not None:
                deferred.cleanup(error)
            return self._fail(error, Failed(request)), None

    def _refuse(self, refusal: Reply | BaseException) -> Reply:
        if isinstance(refusal, BaseException):
            raise refusal
        if self._show_refusals and (error := refusal_exception(refusal)) is not None:
            raise error
        return refusal


async def run_on_thread(function: Callable[..., Any], *args: Any) -> Any:
    """Run blocking code on the request's thread."""
    return await sync_to_async(function, thread_sensitive=True)(*args)


BLOCKING: dict[HandlerKind, Callable[..., Awaitable[Any]]] = {"def": run_on_thread, "inline": run_blocking}
"""What runs blocking code where handlers of a kind run."""


def finish_for_django(finish: Finish) -> Callable[[Any], Any]:
    """Return `finish` that keeps an HttpResponse, which Django's middleware may look at, and render."""

    def kept(value: Any) -> Any:
        return DjangoResponse(value) if isinstance(value, HttpResponseBase) else finish(value)

    return kept


async def respond(answer: Any) -> Response:
    """Return a reply, or what is awaited for it, as a response; a response as it is."""
    if type(answer) is tuple:
        return Response.of_reply(answer)
    if isinstance(answer, Response):
        return answer
    return Response.of_reply(await answer)


def respond_here(answer: Any) -> Response:
    """Do what `respond` does, for blocking code."""
    if type(answer) is tuple:
        return Response.of_reply(answer)
    return answer if isinstance(answer, Response) else Response.of_reply(wait_for(answer))


READY: frozenset[type] = frozenset({Response, DjangoResponse})
"""What middleware mostly answers with: no coroutine has to make a response of it."""


def step(middleware: Middleware, call_next: Next, fail: Fail) -> Next:
    """Return one middleware in front of what comes next; what it raises is answered here."""

    async def run(request: Any) -> Response:
        try:
            answer = await middleware(request, call_next)
            return answer if type(answer) in READY else await response_of(answer, middleware)
        except Exception as error:  # noqa: BLE001  # as of a handler
            return await respond(fail(error, Failed(request)))

    return run


def calling(item: Any) -> Middleware:
    """Return a middleware as what is called with the request and what comes next."""
    if style_of(item) == "call":
        middleware: Middleware = item
        return middleware
    process_request = getattr(item, "process_request", None)
    process_response = getattr(item, "process_response", None)

    async def process(request: Any, call_next: Next) -> Any:
        answer = None if process_request is None else await process_request(request)
        response = await call_next(request) if answer is None else await response_of(answer, item)
        if process_response is None:
            return response
        changed = await process_response(request, response)
        return response if changed is None else changed

    return process


async def response_of(answer: Any, middleware: Any) -> Response:
    """Return what a middleware answers with as a response: anything a handler may return but nothing."""
    if isinstance(answer, Response) and answer.__bolt_response__:
        return answer
    if answer is None:
        name = getattr(middleware, "__qualname__", type(middleware).__qualname__)
        raise TypeError(f"the middleware {name} returned None; return the response of call_next(), or one of its own")
    parts = split(answer) if type(answer) is tuple else (answer, 200, None)
    explicit = type(answer) is tuple
    if wants_thread(parts[0]):
        return Response.of_reply(await run_blocking(_compose, *parts, explicit))
    return Response.of_reply(_compose(*parts, explicit))


def _compose(value: Any, status: int, headers: Any, explicit: bool) -> Reply:
    return compose(value, status, headers, explicit=explicit)
