"""Calls that wait for their turn: in which order, for how long, and what is left of a wait that was cut short."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from django_bolt.exceptions import ServiceUnavailable
from django_bolt.orm.bridge import Bridge
from django_bolt.orm.call import current_call
from django_bolt.orm.wait_queue import WaitQueue


class Queue:
    """A queue whose waiters note how their waits end."""

    def __init__(self, timeout: float) -> None:
        event_loop = asyncio.get_running_loop()
        self.passed_on: list[str] = []
        self.ended: list[str] = []
        self.queue: WaitQueue[str] = WaitQueue(
            event_loop, timeout=timeout, refusal="nothing for {:g} s".format, pass_on=self.passed_on.append
        )
        self._bridge = Bridge(event_loop, pool=lambda alias: pytest.fail("no database here"), timeout=1)
        self.tasks: dict[str, asyncio.Task[Any]] = {}

    async def join(self, *names: str) -> None:
        """Have calls of these names wait."""
        for name in names:
            self.tasks[name] = asyncio.create_task(self._bridge.call(self._wait, name))
        await asyncio.sleep(0)

    def _wait(self, name: str) -> str:
        call = current_call()
        assert call is not None
        try:
            self.queue.wait(call, name)
        except BaseException as error:
            self.ended.append(f"{name}: {type(error).__name__}")
            # What it cleans up with may wait as well.
            call.sleep(0.01)
            raise
        self.ended.append(name)
        return name

    async def end(self, *names: str) -> list[Any]:
        """Return what comes of their calls."""
        async with asyncio.timeout(5):
            return await asyncio.gather(*(self.tasks[name] for name in names), return_exceptions=True)


@pytest.fixture
async def patient() -> Queue:
    return Queue(60)


async def test_who_comes_first_is_first(patient: Queue) -> None:
    await patient.join("a", "b", "c")
    assert len(patient.queue) == 3
    assert [patient.queue.grant(), patient.queue.grant()] == ["a", "b"]
    # Whoever comes now is behind those who wait, and none of them is let go on twice.
    await patient.join("d")
    assert [patient.queue.grant(), patient.queue.grant(), patient.queue.grant()] == ["c", "d", None]
    assert await patient.end("a", "b", "c", "d") == ["a", "b", "c", "d"]
    assert patient.ended == ["a", "b", "c", "d"]
    assert patient.passed_on == []


async def test_each_waits_as_long_as_the_others() -> None:
    hasty = Queue(0.05)
    began = time.monotonic()
    await hasty.join("a", "b")
    await asyncio.sleep(0.03)
    later = time.monotonic()
    await hasty.join("c", "d")
    refused = await hasty.end("a", "b")
    assert time.monotonic() - began >= 0.05
    assert [(type(error), error.detail, error.headers) for error in refused] == [
        (ServiceUnavailable, "nothing for 0.05 s", {"Retry-After": "1"})
    ] * 2
    # The others waited on, and the turn is the first one's of them.
    if time.monotonic() - later < 0.04:
        assert hasty.queue.grant() == "c"
        assert await hasty.end("c") == ["c"]
    [refused] = await hasty.end("d")
    assert type(refused) is ServiceUnavailable
    assert time.monotonic() - later >= 0.05
    assert len(hasty.queue) == 0
    assert hasty.queue.grant() is None


async def test_who_is_cancelled_in_the_middle_is_passed_over(patient: Queue) -> None:
    await patient.join("a", "b", "c")
    patient.tasks["b"].cancel()
    [cancelled] = await patient.end("b")
    assert type(cancelled) is asyncio.CancelledError
    assert [patient.queue.grant(), patient.queue.grant(), patient.queue.grant()] == ["a", "c", None]
    assert await patient.end("a", "c") == ["a", "c"]
    assert patient.passed_on == []


@pytest.mark.parametrize("granted_first", [True, False])
async def test_a_turn_that_comes_with_the_cancellation_is_passed_on(patient: Queue, granted_first: bool) -> None:
    await patient.join("a", "b")
    if granted_first:
        assert patient.queue.grant() == "a"
        patient.tasks["a"].cancel()
    else:
        patient.tasks["a"].cancel()
        assert patient.queue.grant() == "a"
    [cancelled] = await patient.end("a")
    assert type(cancelled) is asyncio.CancelledError
    # It ran on with its turn, or passed it on; never neither, never both.
    assert (patient.ended, patient.passed_on) in ((["a"], []), (["a: CancelledError"], ["a"]))
    assert patient.queue.grant() == "b"
    assert await patient.end("b") == ["b"]


async def test_a_refusal_that_comes_with_the_cancellation_is_no_turn(patient: Queue) -> None:
    await patient.join("a")
    patient.queue._waiters[0].deadline = 0
    patient.tasks["a"].cancel()
    patient.queue._sweep()
    [cancelled] = await patient.end("a")
    assert type(cancelled) is asyncio.CancelledError
    assert (patient.ended, patient.passed_on) == (["a: CancelledError"], [])
    assert len(patient.queue) == 0


async def test_one_timer_for_all_and_none_when_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    event_loop = asyncio.get_running_loop()
    hasty = Queue(0.02)
    made: list[asyncio.TimerHandle] = []
    call_at = event_loop.call_at

    def counted(when: float, callback: Any, *args: Any, **keywords: Any) -> asyncio.TimerHandle:
        timer = call_at(when, callback, *args, **keywords)
        if callback == hasty.queue._sweep:
            made.append(timer)
        return timer

    monkeypatch.setattr(event_loop, "call_at", counted)
    for _ in range(5):
        await hasty.join("a", "b", "c")
        while hasty.queue.grant() is not None:
            pass
        await hasty.end("a", "b", "c")
    assert len(made) <= 2
    async with asyncio.timeout(5):
        while hasty.queue._timer is not None:
            await asyncio.sleep(0.005)
    assert not any(timer.when() > event_loop.time() for timer in made)
    await hasty.join("d")
    [refused] = await hasty.end("d")
    assert type(refused) is ServiceUnavailable


async def test_a_thousand_that_leave_are_all_gone(patient: Queue) -> None:
    names = [str(number) for number in range(1000)]
    await patient.join(*names)
    for task in patient.tasks.values():
        task.cancel()
    await patient.end(*names)
    assert len(patient.queue) == 0
    assert patient.queue.grant() is None
    assert patient.passed_on == []
