"""Blocking code of a request that wants what a coroutine returns: where that runs, by where the code does.

Nothing here may know what waits, or for what.
"""

from __future__ import annotations

import os
import threading
from asyncio import AbstractEventLoop
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from asgiref.sync import SyncToAsync, async_to_sync

from django_bolt.orm.bridge import leave_for
from django_bolt.orm.call import current_call

T = TypeVar("T")


Run = Callable[[Awaitable[Any]], Any]
"""Runs an awaitable to its end, while the code that calls it waits."""


class _Thread(threading.local):
    run: Run | None = None


_this = _Thread()


def belong_to(event_loop: AbstractEventLoop | None) -> None:
    """Note whose thread the calling one is: what its code waits for runs on that loop."""
    _this.run = None if event_loop is None else partial(_run_on, event_loop)


@contextmanager
def running(run: Run) -> Iterator[None]:
    """Let `run` run what the code of the block waits for."""
    before, _this.run = _this.run, run
    try:
        yield
    finally:
        _this.run = before


def wait_for(awaitable: Awaitable[T]) -> T:
    """Return what an awaitable comes to.

    Inside a call of the bridge its task awaits it. On a worker's thread the worker's loop does, and what that sends to
    a thread runs on this one, with its connections. Elsewhere asgiref knows, or takes a loop of its own.
    """
    if current_call() is not None:
        return leave_for(awaitable)
    run: Run = _this.run or async_to_sync(result_of)
    value: T = run(awaitable)
    return value


def _run_on(event_loop: AbstractEventLoop, awaitable: Awaitable[Any]) -> Any:
    # What asgiref notes of a thread that a loop waits for; handlers there are not to find it.
    noted = SyncToAsync.threadlocal.__dict__
    before = dict(noted)
    noted.update(main_event_loop=event_loop, main_event_loop_pid=os.getpid())
    try:
        return async_to_sync(result_of)(awaitable)
    finally:
        noted.clear()
        noted.update(before)


async def result_of(awaitable: Awaitable[T]) -> T:
    """Return what an awaitable comes to, as a coroutine."""
    return await awaitable
