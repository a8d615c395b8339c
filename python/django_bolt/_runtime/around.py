"""What runs around a handler, as one coroutine: middleware, then who may pass, then the handler and its answer.

The server's own refusals come through here as well, so that middleware sees every answer. Routes that need none of it
are called without.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.http.response import HttpResponseBase

from django_bolt._django.response import DjangoResponse
from django_bolt._plan.model import HandlerKind
from django_bolt._runtime.access import Access
from django_bolt._runtime.fail import Fail
from django_bolt._runtime.finish import Finish
from django_bolt._runtime.run import Deferred
from django_bolt.responses import Reply, Response

Next = Callable[[Any], Awaitable[Response]]
Around = Callable[..., Awaitable[Any]]
Django = Callable[[Any, Next], Awaitable[Response]]


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
    django: Django | None = None,
) -> Around | None:
    """Return `around(request, refusal, *args)`, or None where nothing stands around the handler.

    It answers with a `Response`, or with a `Deferred` of one where dependencies have something left to do. `refusal` is
    the server's own answer, which then takes the handler's place, or None.
    """
    if access is None and not middleware and django is None:
        return None
    # Django's middleware may look at, and render, the very response that the handler returned.
    keeps = django is not None and not middleware
    run = sync_to_async(call, thread_sensitive=True) if kind in ("def", "inline") else call

    async def around(request: Any, refusal: Reply | None, *args: Any) -> Any:
        deferred: list[Deferred] = []
        if access is not None:
            request.entrust(access)

        async def innermost(request: Any) -> Response:
            try:
                if access is not None and access.applies(request, refusal):
                    await access.check(request)
                if refusal is not None:
                    return Response.of_reply(refusal)
                value = await run(*args)
                if type(value) is Deferred:
                    deferred.append(value)
                    value = value.value
                if keeps and isinstance(value, HttpResponseBase):
                    return DjangoResponse(value)
                return await respond(finish(value))
            except Exception as error:  # noqa: BLE001  # whatever the project raises has its answer
                return await respond(fail(error, Failed(request)))

        inner = through(middleware, innermost)
        response = await (inner(request) if django is None else django(request, inner))
        return Deferred(response, deferred[0].cleanup) if deferred else response

    return around


async def respond(answer: Any) -> Response:
    """Return a reply, or what is awaited for it, as a response."""
    reply: Reply = await answer if inspect.isawaitable(answer) else answer
    return Response.of_reply(reply)


def through(middleware: tuple[Any, ...], innermost: Next) -> Next:
    """Return what calls middleware, the outermost first, and then `innermost`."""
    for item in reversed(middleware):
        innermost = step(item, innermost)
    return innermost


def step(item: Any, call_next: Next) -> Next:
    """Return one middleware in front of what comes next."""

    async def run(request: Any) -> Response:
        response: Response = await item(request, call_next)
        return response

    return run
