"""The coroutines around every Task: they await a handler and see that it is answered.

Rust makes the Task; nothing here may decide what an answer looks like.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from django_bolt._runtime.run import Deferred
from django_bolt._runtime.threads import REQUEST, Holds

Reply = tuple[int, list[tuple[str, str]], bytes]


class Exchange(Protocol):
    """One request on its way through Python (`_core.Exchange`)."""

    @property
    def route_index(self) -> int:
        """Which of the plan's routes it is for."""
        ...

    @property
    def gone(self) -> bool:
        """Whether the client is gone."""
        ...

    def __hash__(self) -> int:
        """By identity."""
        ...

    def done(self, value: Any) -> Awaitable[Reply] | None:
        """Answer with a return value, or hand back what will be the reply."""
        ...

    def fail(self, exception: BaseException) -> Awaitable[Reply] | None:
        """Answer for an exception, or hand back what will be the reply."""
        ...

    def send(self, reply: Reply) -> None:
        """Answer."""
        ...


def driver(holds: Holds) -> Callable[[Awaitable[Any], Exchange], Coroutine[Any, Any, None]]:
    """Return `drive(awaitable, exchange)`, the coroutine of a handler's Task.

    While it runs, `holds` has the request; what hold on a thread is found there at the end is given up.
    """

    async def drive(awaitable: Awaitable[Any], exchange: Exchange) -> None:
        holds[exchange] = None
        REQUEST.set(exchange)
        try:
            value = await awaitable
            if type(value) is Deferred:
                await _finish_deferred(exchange, value)
            elif (rest := exchange.done(value)) is not None:
                exchange.send(await rest)
        except BaseException as exception:
            await _fail(exchange, exception)
        finally:
            lease = holds.pop(exchange)
            if lease is not None:
                lease.close()

    return drive


async def _finish_deferred(exchange: Exchange, deferred: Deferred) -> None:
    try:
        rest = exchange.done(deferred.value)
        if rest is not None:
            exchange.send(await rest)
    except BaseException as exception:
        await deferred.cleanup(exception)
        raise
    await deferred.cleanup()


async def _fail(exchange: Exchange, exception: BaseException) -> None:
    if exchange.gone and isinstance(exception, asyncio.CancelledError):
        raise exception
    rest = exchange.fail(exception)
    if rest is not None:
        exchange.send(await rest)


async def deliver(coroutine: Awaitable[Reply], exchange: Exchange) -> None:
    """Await a coroutine that returns a reply and send it."""
    try:
        exchange.send(await coroutine)
    except BaseException as exception:
        await _fail(exchange, exception)
