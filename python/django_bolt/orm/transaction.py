"""`async with transaction.atomic()`: Django's own `Atomic`, entered and left through the bridge.

Nothing here may decide what a transaction does; off a worker's loop it goes through asgiref.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from functools import partial
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import DEFAULT_DB_ALIAS
from django.db.transaction import Atomic

from django_bolt.orm.bridge import here
from django_bolt.orm.units import UNIT, Unit

P = ParamSpec("P")
T = TypeVar("T")


async def aenter(atomic: Atomic) -> None:
    """Begin the transaction, or a savepoint inside one, and make it the running code's."""
    bridge = here()
    if bridge is None:
        await sync_to_async(atomic.__enter__, thread_sensitive=True)()
        return
    unit = await bridge.open(atomic.using or DEFAULT_DB_ALIAS, atomic.__enter__)
    unit.owner = atomic


async def aexit(
    atomic: Atomic,
    exc_type: type[BaseException] | None,
    exc_value: BaseException | None,
    traceback: TracebackType | None,
) -> None:
    """Commit, or roll back for an exception; the connection is given back in either case."""
    bridge = here()
    leave = partial(atomic.__exit__, exc_type, exc_value, traceback)
    if bridge is None:
        await sync_to_async(leave, thread_sensitive=True)()
    else:
        await bridge.close(_unit_of(atomic), leave)


def _unit_of(atomic: Atomic) -> Unit:
    unit: Unit | None = UNIT.get()
    while unit is not None and not (unit.open and unit.owner is atomic):
        unit = unit.parent
    if unit is None:
        raise RuntimeError("an `async with atomic()` block was left in another task than it was entered in")
    return unit


class AsyncAtomic:
    """A block as an asynchronous context manager, whether or not Django's own class was taught to be one."""

    def __init__(self, atomic: Atomic) -> None:
        self._atomic = atomic

    async def __aenter__(self) -> None:
        await aenter(self._atomic)

    async def __aexit__(self, *error: Any) -> None:
        await aexit(self._atomic, *error)


def inside(atomic: Atomic, function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Return a coroutine function inside the block."""

    @functools.wraps(function)
    async def inside_block(*args: P.args, **kwargs: P.kwargs) -> T:
        async with AsyncAtomic(atomic):
            return await function(*args, **kwargs)

    return inside_block
