"""What a thread has used before a step: asked for seldom, and never held against the step."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import copy_context

from django_bolt.orm.slow import _AGE, SlowRoutes

LIMIT = 0.02


def work(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def step(slow: SlowRoutes, function: Callable[[], None]) -> None:
    """Do what a call does around a step of its function."""
    started = time.perf_counter()
    before = slow.usage(started) if started < slow.watched_until else None
    function()
    seconds = time.perf_counter() - started
    assert seconds > slow.limit
    slow.note(seconds, before, copy_context())


def test_what_was_asked_for_a_moment_ago_is_not_asked_for_again() -> None:
    slow = SlowRoutes(lambda context: "/", LIMIT)
    first = slow.usage(10.0)
    assert slow.usage(10.0 + _AGE / 2) is first
    later = slow.usage(10.0 + _AGE * 2)
    assert (later is first, later.at) == (False, 10.0 + _AGE * 2)


def test_a_route_that_works_or_sleeps_too_long_three_times_is_moved() -> None:
    for keep in (lambda: work(LIMIT * 2), lambda: time.sleep(LIMIT * 2)):
        slow = SlowRoutes(lambda context: "/", LIMIT)
        for _ in range(3):
            step(slow, keep)
            assert slow.routes == set()
        step(slow, keep)
        assert slow.routes == {"/"}


def test_work_before_a_step_is_not_its_own() -> None:
    slow = SlowRoutes(lambda context: "/", LIMIT)
    step(slow, lambda: time.sleep(LIMIT * 2))
    for _ in range(10):
        now = time.perf_counter()
        before = slow.usage(now)._replace(at=now)
        work(LIMIT * 1.5)
        # It took long, but most of it before it began.
        slow.note(LIMIT / 2, before, copy_context())
    assert slow.routes == set()
