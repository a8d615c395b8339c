"""Calls that wait for their turn at something, first come first served, each for the same time at most.

Nothing here may know what they wait for.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from django_bolt.exceptions import ServiceUnavailable
from django_bolt.orm.call import Call

Who = TypeVar("Who")


class _Waiter(Generic[Who]):
    """A call in the queue; out of it once `handle`, which lets it run on, is set."""

    __slots__ = ("call", "deadline", "granted", "handle", "who")

    def __init__(self, call: Call, who: Who, deadline: float) -> None:
        self.call = call
        self.who = who
        self.deadline = deadline
        self.granted = False
        self.handle: asyncio.Handle | None = None


class WaitQueue(Generic[Who]):
    """`refusal(seconds)` says what was waited for in vain; `pass_on(who)` takes a turn back from who cannot use it.

    As all wait equally long, whoever came first is the first whose time is over: one timer for all of them does, and
    what is granted in time costs none (a future and a timer for each took 5.6 µs more).
    """

    def __init__(
        self,
        event_loop: asyncio.AbstractEventLoop,
        *,
        timeout: float,
        refusal: Callable[[float], str],
        pass_on: Callable[[Who], None],
    ) -> None:
        self._event_loop = event_loop
        self._timeout = timeout
        self._refusal = refusal
        self._pass_on = pass_on
        self._waiters: deque[_Waiter[Who]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        """Goes off when the time of the first is over, or sooner; and once more when nobody waits any longer."""

    def __len__(self) -> int:
        return len(self._waiters)

    def wait(self, call: Call, who: Who) -> None:
        """Return when it is the turn of `who`; called from inside `call`.

        Raises `ServiceUnavailable` when that takes too long.
        """
        waiter = _Waiter(call, who, self._event_loop.time() + self._timeout)
        self._waiters.append(waiter)
        if self._timer is None:
            self._timer = self._event_loop.call_at(waiter.deadline, self._sweep)
        try:
            call.suspend()
        except BaseException:
            if waiter.handle is None:
                self._waiters.remove(waiter)
            else:
                # Interrupted just when its wait was over.
                waiter.handle.cancel()
                if waiter.granted:
                    self._pass_on(who)
            raise
        if not waiter.granted:
            raise ServiceUnavailable(self._refusal(self._timeout), headers={"Retry-After": "1"})

    def grant(self) -> Who | None:
        """Give the first its turn and return who it is; None where nobody waits."""
        if not self._waiters:
            return None
        waiter = self._waiters.popleft()
        waiter.granted = True
        waiter.handle = self._event_loop.call_soon(waiter.call.resume)
        return waiter.who

    def _sweep(self) -> None:
        """Turn those away whose time is over."""
        waiters, now = self._waiters, self._event_loop.time()
        while waiters and waiters[0].deadline <= now:
            waiter = waiters.popleft()
            waiter.handle = self._event_loop.call_soon(waiter.call.resume)
        self._timer = self._event_loop.call_at(waiters[0].deadline, self._sweep) if waiters else None
