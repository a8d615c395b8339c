"""A blocking call of a coroutine, in a greenlet on the loop's own thread.

While it runs there is no running loop, so Django takes it for plain synchronous code; where it has to wait it lets the
loop go on, and where it wants a coroutine's result the task awaits that meanwhile. Nothing here may know of databases.
"""

from __future__ import annotations

import asyncio
from asyncio import _set_running_loop
from collections.abc import Awaitable, Callable, Generator
from contextvars import Context
from time import perf_counter
from typing import TYPE_CHECKING, Any

from greenlet import GreenletExit, getcurrent, greenlet

from django_bolt.orm.slow import SlowRoutes

if TYPE_CHECKING:
    from django_bolt.orm.units import Unit


class Runner(greenlet):
    """A greenlet that runs one call after the other: a new one for each maps and unmaps memory for its frames."""

    call: Call | None = None

    def run(self) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Run what `call` is, until nobody keeps the greenlet."""
        while True:
            call = self.call
            if call is not None:
                try:
                    call.value = call.function()
                except GreenletExit as error:
                    call.error, call.over = error, True
                    raise
                except BaseException as error:
                    call.error = error
                call.over = True
                self.call = call = None
            _switch_back(self)


def _switch_back(runner: greenlet) -> Any:
    parent = runner.parent
    assert parent is not None  # noqa: S101  # only a thread's first greenlet has none
    return parent.switch()


class Call:
    """One blocking function on its way; `await call.finish()` gives what it returns.

    `unit` is where its connections come from; `slow` is told of steps that keep the loop long; `idle` are the greenlets
    of the loop that have nothing to run.
    """

    __slots__ = (
        "_asyncio_future_blocking",
        "_awaited",
        "_cancelled",
        "_context",
        "_idle",
        "_runner",
        "_slow",
        "_waiter",
        "error",
        "event_loop",
        "function",
        "over",
        "unit",
        "value",
    )

    def __init__(
        self,
        function: Callable[[], Any],
        *,
        event_loop: asyncio.AbstractEventLoop,
        unit: Unit,
        slow: SlowRoutes,
        idle: list[Runner],
    ) -> None:
        self.function = function
        self.event_loop = event_loop
        self.unit = unit
        self.value: Any = None
        self.error: BaseException | None = None
        self.over = False
        self._slow = slow
        self._idle = idle
        self._waiter: tuple[Callable[[Any], object], Context] | None = None
        self._cancelled: asyncio.CancelledError | None = None
        self._asyncio_future_blocking = False
        self._awaited: Awaitable[Any] | None = None
        self._runner = idle.pop() if idle else Runner()
        # What the function sets in its context is set for the task, as in a call without a bridge.
        self._context: Any = getcurrent().gr_context

    async def finish(self) -> Any:
        """Run the function to its end.

        A cancelled task interrupts the function where it waits, and waits for what it still does to clean up.
        """
        self._runner.call = self
        self._runner.gr_context = self._context
        self._step(self._runner.switch)
        interruption: BaseException | None = None
        while not self._is_over():
            awaited, self._awaited = self._awaited, None
            if awaited is not None:
                await self._hand_over(awaited)
                continue
            try:
                await self
            except BaseException as error:
                interruption = error
                if not self._is_over():
                    self._step(self._runner.throw, error)
                if isinstance(error, GeneratorExit):
                    raise
        failure, self.error = interruption or self.error, None
        if failure is not None:
            try:
                raise failure
            finally:
                # Their tracebacks refer to this very frame.
                del failure, interruption
        return self.value

    async def _hand_over(self, awaited: Awaitable[Any]) -> None:
        """Await what the function left for, in the task that awaits the function, and let it run on with the result.

        What that raises, a cancellation as well, is raised in the function, which may deal with it.
        """
        try:
            value = await awaited
        except BaseException as error:
            self._step(self._runner.throw, error)
            if isinstance(error, GeneratorExit):
                raise
        else:
            self._step(self._runner.switch, value)

    def resume(self, value: Any = None) -> None:
        """Let the function run on; called by the loop when what it waits for is there."""
        if self._is_over():
            return
        self._step(self._runner.switch, value)
        waiter = self._waiter
        if waiter is not None and (self._is_over() or self._awaited is not None):
            self._waiter = None
            wake, context = waiter
            context.run(wake, self)

    # What a task asks of what it waits for -----------------------------------------------------------

    def __await__(self) -> Generator[Any, None, None]:
        """Wait until the function is over, or wants the task to await something.

        To asyncio this is a future, but one that wakes its task at once and not in the loop's next turn: of three turns
        that a lonely request takes, that is one.
        """
        self._asyncio_future_blocking = True
        yield self

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop of the task that may wait."""
        return self.event_loop

    def add_done_callback(self, wake: Callable[[Any], object], *, context: Context) -> None:
        """Note how the task is woken."""
        self._waiter = wake, context

    def result(self) -> None:
        """Tell the task that is woken whether it is cancelled."""
        cancelled, self._cancelled = self._cancelled, None
        if cancelled is not None:
            raise cancelled

    def cancel(self, msg: Any = None) -> bool:
        """Wake the task with a cancellation, if it waits and was not woken."""
        if self._waiter is None:
            return False
        (wake, context), self._waiter = self._waiter, None
        self._cancelled = asyncio.CancelledError() if msg is None else asyncio.CancelledError(msg)
        self.event_loop.call_soon(wake, self, context=context)
        return True

    def leave_for(self, awaitable: Awaitable[Any]) -> Any:
        """Have the task await something, and return what comes of it; called from inside the function.

        No time that it takes is the function's.
        """
        self._awaited = awaitable
        return _switch_back(self._runner)

    def wait(self, future: asyncio.Future[Any]) -> Any:
        """Return a future's result; called from inside the function. An interruption leaves the future alone."""
        waits = True

        def resume(_: asyncio.Future[Any]) -> None:
            # It may be on its way already when an interruption ends the wait.
            if waits:
                self.resume()

        future.add_done_callback(resume)
        try:
            self.suspend()
        finally:
            waits = False
            future.remove_done_callback(resume)
        return future.result()

    def sleep(self, seconds: float) -> None:
        """Wait; called from inside the function."""
        self.wait_at_most(self.event_loop.create_future(), seconds)

    def wait_at_most(self, future: asyncio.Future[Any], seconds: float) -> None:
        """Wait until a future is done, whatever comes of it, or for so long; called from inside the function."""
        over = self.event_loop.create_future()
        timer = self.event_loop.call_later(seconds, _settle, over)
        future.add_done_callback(lambda _: _settle(over))
        try:
            self.wait(over)
        finally:
            timer.cancel()

    def suspend(self) -> Any:
        """Leave the function until `resume(value)`, and return that value; called from inside the function."""
        return _switch_back(self._runner)

    def _is_over(self) -> bool:
        # A type checker takes the attribute for what it was before the last step.
        return self.over

    def _step(self, switch: Callable[..., Any], *args: Any) -> None:
        runner, slow = self._runner, self._slow
        # It comes back to whoever runs it now, not to whoever started it.
        runner.parent = getcurrent()
        started = perf_counter()
        before = slow.usage(started) if started < slow.watched_until else None
        _set_running_loop(None)
        try:
            switch(*args)
        finally:
            _set_running_loop(self.event_loop)
            seconds = perf_counter() - started
            if seconds > slow.limit:
                slow.note(seconds, before, self._context)
        if self.over and not runner.dead:
            # An idle greenlet must not keep a request's context.
            runner.gr_context = None
            self._idle.append(runner)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def current_call() -> Call | None:
    """Return the call that the running code belongs to."""
    found = getcurrent()
    return found.call if type(found) is Runner else None
