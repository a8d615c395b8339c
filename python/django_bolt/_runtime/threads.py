"""The worker's threads: where `def` handlers and a request's blocking code run.

A thread lives as long as its worker, so it keeps its database connections as `CONN_MAX_AGE` allows.
Nothing here may know of HTTP beyond the 503 for a full queue.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Executor, Future
from contextvars import ContextVar
from functools import partial
from queue import SimpleQueue
from typing import Any

from asgiref.sync import sync_to_async

from django_bolt._runtime.loop import GuestLoop, aside
from django_bolt.exceptions import ServiceUnavailable
from django_bolt.orm.bridge import here
from django_bolt.orm.units import current_unit
from django_bolt.orm.waiting import belong_to, running

Job = Callable[[], None]
"""A `def` handler with its arguments (`_core.Job`): called once, it runs the handler and answers."""


class Threads:
    """At most `size` threads; `queue` more calls wait; `before()` and `after()` run around each, on its thread.

    `event_loop` is the loop whose threads they are. One sleeping thread is woken at a time, and wakes the next itself
    where there is still work for it. With the GIL a thread for each of a burst of short calls would only take turns
    with the others: a handler behind Django's middleware costs 143 µs that way, and 121 this way.
    """

    def __init__(
        self,
        *,
        size: int,
        queue: int,
        before: Callable[[], None],
        after: Callable[[], None],
        event_loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._event_loop = event_loop
        self._size = size
        self._queue = queue
        self._before = before
        self._after = after
        self._lock = threading.Lock()
        self._started = 0
        self._running = 0
        self._is_waking = False
        """Whether a thread was woken that has not looked for work yet."""
        self._asleep: list[SimpleQueue[bool]] = []
        self._waiting: deque[Callable[[], None]] = deque()

    def submit(self, work: Callable[[], None]) -> None:
        """Run `work` on a thread soon; `ServiceUnavailable` when as many as may are waiting."""
        with self._lock:
            if len(self._waiting) >= self._queue + self._size - self._running:
                raise ServiceUnavailable("all threads are busy", headers={"Retry-After": "1"})
            self._waiting.append(work)
            self._wake()
            if not self._started:
                self._waiting.pop()
                raise ServiceUnavailable("no thread can be started", headers={"Retry-After": "1"})

    def lease(self) -> Lease:
        """Hold a thread; `ServiceUnavailable` as for `submit`."""
        return Lease(self)

    def close(self) -> None:
        """End the idle threads now and the others after their work."""
        with self._lock:
            self._size = 0
            for bell in self._asleep:
                bell.put(False)
            self._asleep.clear()

    def _wake(self) -> None:
        """Wake a thread where there is work and none is on its way to it; with the lock held."""
        if self._is_waking or not self._waiting:
            return
        if self._asleep:
            self._asleep.pop().put(True)
        elif self._started >= self._size or not self._start():
            return
        self._is_waking = True

    def _start(self) -> bool:
        """Start a thread; False where the system has none left, and those that are there take the work."""
        try:
            threading.Thread(target=self._run, name=f"bolt-thread-{self._started + 1}", daemon=True).start()
        except RuntimeError:
            return False
        self._started += 1
        return True

    def _run(self) -> None:
        belong_to(self._event_loop)
        bell: SimpleQueue[bool] = SimpleQueue()
        was_woken = True
        while True:
            work = self._next(bell, was_woken=was_woken)
            was_woken = work is None
            if work is not None:
                self._do(work)
            elif not bell.get():
                return

    def _do(self, work: Callable[[], None]) -> None:
        """Run some work; what it raises is told as of any thread, and the thread goes on."""
        try:
            try:
                self._before()
                work()
            finally:
                self._after()
        except BaseException as error:
            told = type(error), error, error.__traceback__, threading.current_thread()
            threading.excepthook(threading.ExceptHookArgs(told))

    def _next(self, bell: SimpleQueue[bool], *, was_woken: bool) -> Callable[[], None] | None:
        """Return what a thread is to do next; None to sleep until its bell rings, or to end."""
        with self._lock:
            if was_woken:
                self._is_waking = False
            else:
                self._running -= 1
            if self._waiting:
                self._running += 1
                work = self._waiting.popleft()
                self._wake()
                return work
            if self._size:
                self._asleep.append(bell)
            else:
                # One that was woken before the end has work to do: only its bell tells.
                bell.put(False)
            return None


class Lease:
    """A hold on a thread: all that is given to it runs there, in order, on one connection."""

    def __init__(self, threads: Threads) -> None:
        self._inbox: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        threads.submit(self._serve)

    def run(self, work: Callable[[], None]) -> None:
        """Run `work` on the leased thread."""
        self._inbox.put(work)

    def close(self) -> None:
        """Give the thread back once it has done what it was given."""
        self._inbox.put(None)

    def _serve(self) -> None:
        while (work := self._inbox.get()) is not None:
            work()


REQUEST: ContextVar[Any] = ContextVar("django_bolt_request")
"""The request that the running code belongs to, by its exchange."""

Holds = dict[Hashable, Lease | None]
"""The requests in progress, each with its hold on a thread once it has one."""


class RequestThreads:
    """The bridge's threads: for a call the request's own or one of `threads`, for a transaction one of `others`.

    Whoever holds one of `others` wants no further thread, so nobody waits in a circle.
    """

    def __init__(self, threads: Threads, others: Threads, holds: Holds) -> None:
        self._threads = threads
        self._others = others
        self._holds = holds

    def submit(self, work: Callable[[], None]) -> None:
        """Run `work` on a thread soon."""
        lease = self._holds.get(REQUEST.get(None))
        run = self._threads.submit if lease is None else lease.run
        run(work)

    def lease(self) -> Lease:
        """Hold a thread that is nobody else's."""
        return self._others.lease()


def _settle(future: Future[Any], function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(function(*args))
    except BaseException as error:
        future.set_exception(error)


class LeasedExecutor(Executor):
    """What asgiref's thread-sensitive calls run on: the current request's thread, one of `threads`.

    Inside `async with atomic()` they use the transaction's connection, in their turn. A request that has no thread by
    then takes one of `others`: those who hold a thread may be waiting for the very connection.
    """

    def __init__(self, threads: Threads, others: Threads) -> None:
        self._threads = threads
        self.holds: Holds = {}
        self._inside = RequestThreads(others, others, self.holds)

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run on the request's thread, or, after the request and outside one, on any for this one call."""
        future: Future[Any] = Future()
        work = partial(_settle, future, partial(function, **kwargs), args)
        bridge = here()
        unit = current_unit(bridge) if bridge is not None else None
        if bridge is None or unit is None:
            self._run_for_request()(work)
        else:
            bridge.lend(unit, self._inside.submit, work, future.set_exception)
        return future

    def _run_for_request(self) -> Callable[[Callable[[], None]], None]:
        request = REQUEST.get(None)
        if request not in self.holds:
            return self._threads.submit
        lease = self.holds[request]
        if lease is None:
            lease = self.holds[request] = Lease(self._threads)
        return lease.run


class InlineExecutor(Executor):
    """Runs blocking code where the test is: on its thread, its connection, inside its transaction."""

    def __init__(self, event_loop: asyncio.AbstractEventLoop) -> None:
        self._event_loop = event_loop

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run now and return the finished future."""
        future: Future[Any] = Future()
        with aside(self._event_loop):
            _settle(future, partial(function, **kwargs), args)
        return future


def run_aside(event_loop: GuestLoop, job: Job) -> None:
    """Run a `def` handler now, on the thread of a loop that takes turns for it only where it waits for a coroutine."""
    with aside(event_loop), running(event_loop.run_aside):
        job()


def run_on_loop(event_loop: asyncio.AbstractEventLoop, job: Job) -> None:
    """Run a `def` handler for another thread's loop, where `sync_to_async` would run it."""
    asyncio.run_coroutine_threadsafe(sync_to_async(job, thread_sensitive=True)(), event_loop)
