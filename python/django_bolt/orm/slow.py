"""Routes whose database calls keep the event loop too long, to be moved to threads.

Nothing here may run a call; a machine that is busy with something else is no fault of a route.
"""

from __future__ import annotations

import logging
import resource
import sys
import time
from collections.abc import Callable, Hashable
from contextvars import Context, copy_context
from typing import NamedTuple

_logger = logging.getLogger("django_bolt")

_TIMES, _WINDOW = 3, 60.0

_AGE = 0.0005
"""Seconds for which what the thread had used is taken for what it has used: asking costs 1 µs, and steps are short."""


class _Usage(NamedTuple):
    """What a thread has used by a time: seconds of work, and how often it has waited."""

    at: float
    worked: float
    waits: int


def _used(now: float) -> _Usage:
    used = resource.getrusage(resource.RUSAGE_THREAD)
    return _Usage(now, used.ru_utime + used.ru_stime, used.ru_nvcsw)


class SlowRoutes:
    """Counts what kept the loop for over `limit` seconds (0: nothing does), a route's first time aside.

    `route(context)` is what the code in a context answers. `routes` are those that are to use threads: three such calls
    in a minute.
    """

    def __init__(self, route: Callable[[Context], Hashable], limit: float) -> None:
        self.limit = limit or float("inf")
        self.routes: set[Hashable] = set()
        self._route = route
        self._times: dict[Hashable, list[float]] = {}
        self.watched_until = 0.0
        """Until when (`perf_counter`) `usage()` is wanted before each step: the minute after one that took long."""
        self._usage = _Usage(float("-inf"), 0.0, 0)

    def current(self) -> bool:
        """Return whether the running code answers such a route."""
        return bool(self.routes) and self._route(copy_context()) in self.routes

    def usage(self, now: float) -> _Usage:
        """Return what the thread had used at most `_AGE` before `now`."""
        if now - self._usage.at > _AGE:
            self._usage = _used(now)
        return self._usage

    def note(self, seconds: float, before: _Usage | None, context: Context) -> None:
        """Take account of a step that took longer than the limit; `before` is the usage (just before) when it began."""
        now = time.perf_counter()
        route = self._route(context)
        if before is None or route not in self._times:
            self.watched_until = now + _WINDOW
            self._times.setdefault(route, [])
        elif route is not None and route not in self.routes and self._kept_the_loop(now, seconds, before):
            times = [then for then in self._times[route] if now - then < _WINDOW]
            self._times[route] = [*times, now]
            if len(self._times[route]) >= _TIMES:
                self._move(route)

    def _kept_the_loop(self, now: float, seconds: float, before: _Usage) -> bool:
        """Tell work and waiting of the step's own from time that the machine, or another Python thread, took."""
        after = _used(now)
        # What was done before the step is not its work; where that cannot be told, the step is in the right.
        worked = after.worked - before.worked - max(0.0, now - seconds - before.at)
        waits = after.waits - before.waits
        # Who waits for the interpreter's lock asks again after each switch interval.
        return worked > self.limit or (waits > 0 and (seconds - worked) / waits > 2 * sys.getswitchinterval())

    def _move(self, route: Hashable) -> None:
        self.routes.add(route)
        _logger.warning(
            "%s: its database calls keep the event loop for more than %d ms; from now on they run on threads.",
            route,
            self.limit * 1000,
        )
