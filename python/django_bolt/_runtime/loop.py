"""The asyncio loop that a worker's thread hosts as a guest of Tokio.

Rust decides when it takes a turn (`crates/server/src/handler/guest.rs`); nothing here may wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from asgiref.sync import AsyncToSync, SyncToAsync

from django_bolt.orm.waiting import result_of


class GuestSelector(selectors.DefaultSelector):
    """A selector that says whether it found nothing, and waits only where it is told to."""

    idle: bool = True
    waits: bool = False

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now, whatever `timeout` says, unless it is to wait."""
        events = super().select(timeout if self.waits else 0)
        self.idle = not events
        return events


class GuestLoop(asyncio.SelectorEventLoop):
    """A stdlib selector loop whose turns are taken by Tokio.

    Between `with loop.hosted():` it is the thread's running loop: `asyncio.get_running_loop()`, eager
    tasks (which silently do not start on a loop without a thread id) and asyncgen clean-up work as
    under `run_forever()`.
    """

    _thread_id: int | None

    def __init__(self) -> None:
        super().__init__(GuestSelector())

    @contextlib.contextmanager
    def hosted(self) -> Iterator[None]:
        """Make this the calling thread's running loop for the length of the block."""
        hooks = sys.get_asyncgen_hooks()
        self._thread_id = threading.get_ident()
        # Without the hooks an abandoned generator's `finally` never runs.
        sys.set_asyncgen_hooks(
            firstiter=self._asyncgen_firstiter_hook,  # type: ignore[attr-defined]
            finalizer=self._asyncgen_finalizer_hook,  # type: ignore[attr-defined]
        )
        asyncio._set_running_loop(self)
        try:
            yield
        finally:
            asyncio._set_running_loop(None)
            self._thread_id = None
            sys.set_asyncgen_hooks(firstiter=hooks.firstiter, finalizer=hooks.finalizer)

    def run_aside(self, awaitable: Awaitable[Any]) -> Any:
        """Run something to its end, for code that runs `aside` on this thread; the loop stands still otherwise."""
        selector: GuestSelector = self._selector  # type: ignore[attr-defined]
        shadowed = self.__dict__.pop("call_soon_threadsafe")
        asyncio._set_running_loop(self)
        selector.waits = True
        try:
            task = self.create_task(result_of(awaitable))
            while not task.done():
                self._run_once()  # type: ignore[attr-defined]
            return task.result()
        finally:
            selector.waits = False
            asyncio._set_running_loop(None)
            self.__dict__["call_soon_threadsafe"] = shadowed

    def dismantle(self, run: Callable[[asyncio.Future[Any]], Any]) -> None:
        """Cancel what is left on the loop and close its generators and threads; it can be closed afterwards.

        `run(future)` runs the loop until the future is done.
        """
        AsyncToSync.loop_thread_executors.pop(self, None)
        tasks = asyncio.all_tasks(self)
        for task in tasks:
            task.cancel()
        if tasks:
            run(asyncio.gather(*tasks, return_exceptions=True))
        run(self.create_task(self.shutdown_asyncgens()))
        run(self.create_task(self.shutdown_default_executor()))


@contextlib.contextmanager
def aside(event_loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Let the block run as plain synchronous code on the thread of `event_loop`, which stands still meanwhile.

    Django then sees no running loop and finds the thread's own connections; with one it would open a new
    connection for every Task. What asgiref notes about the thread meanwhile is forgotten again, or a later
    `async_to_sync` on it would wait for this loop for ever; one inside the block finds the loop closed to it and
    takes a loop of its own.
    """
    noted = SyncToAsync.threadlocal.__dict__
    before = dict(noted)
    running = asyncio._get_running_loop()
    thread = threading.get_ident()
    shadowed = event_loop.__dict__.get("call_soon_threadsafe")
    queue = event_loop.call_soon_threadsafe

    def call_soon_threadsafe(callback: Callable[..., Any], *args: Any, context: Any = None) -> asyncio.Handle:
        if threading.get_ident() == thread:
            raise RuntimeError("this thread's event loop stands still until the synchronous code on it returns")
        return queue(callback, *args, context=context)

    event_loop.__dict__["call_soon_threadsafe"] = call_soon_threadsafe
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(running)
        del event_loop.__dict__["call_soon_threadsafe"]
        if shadowed is not None:
            event_loop.__dict__["call_soon_threadsafe"] = shadowed
        noted.clear()
        noted.update(before)
