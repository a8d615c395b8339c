"""A blocking function in a greenlet on the loop's thread: what it sees, where it waits, how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import Any

import pytest
from greenlet import GreenletExit, getcurrent

from django_bolt.orm.bridge import Bridge
from django_bolt.orm.call import Call, Runner, current_call
from django_bolt.orm.slow import SlowRoutes
from django_bolt.orm.units import Unit

TAG: ContextVar[Any] = ContextVar("TAG", default=None)


class Noted(SlowRoutes):
    """Notes how long each step of over 5 ms kept the loop."""

    def __init__(self) -> None:
        super().__init__(lambda context: None, 0.005)
        self.steps: list[float] = []

    def note(self, seconds: float, *args: Any) -> None:
        self.steps.append(seconds)


class Calls:
    """Makes calls that share their idle greenlets."""

    def __init__(self) -> None:
        self.event_loop = asyncio.get_running_loop()
        bridge = Bridge(self.event_loop, pool=lambda alias: pytest.fail("no database here"), timeout=1)
        self.unit = Unit(bridge, None)
        self.idle: list[Runner] = []
        self.slow = Noted()

    async def __call__(self, function: Callable[[], Any]) -> Any:
        call = Call(
            function,
            event_loop=self.event_loop,
            unit=self.unit,
            slow=self.slow,
            idle=self.idle,
        )
        return await call.finish()


@pytest.fixture
async def run() -> AsyncIterator[Calls]:
    calls = Calls()
    yield calls
    assert all(runner.call is None and runner.gr_context is None for runner in calls.idle)


def here() -> Call:
    call = current_call()
    assert call is not None
    return call


async def test_it_runs_at_once_on_the_thread_of_the_loop_with_no_loop_running(run: Calls) -> None:
    def look() -> Any:
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        return threading.get_ident(), here().unit

    assert await run(look) == (threading.get_ident(), run.unit)
    assert asyncio.get_running_loop() is run.event_loop
    assert current_call() is None


@pytest.mark.parametrize("error", [ValueError, KeyError, KeyboardInterrupt, SystemExit, asyncio.CancelledError])
async def test_an_exception_passes_as_it_is(run: Calls, error: type[BaseException]) -> None:
    made = error("x")

    def fail() -> None:
        raise made

    with pytest.raises(error) as caught:
        await run(fail)
    assert caught.value is made
    assert await run(lambda: 1) == 1


async def test_a_function_that_ends_its_greenlet_ends_itself_alone(run: Calls) -> None:
    def leave() -> None:
        raise GreenletExit

    with pytest.raises(GreenletExit):
        await run(leave)
    assert await run(lambda: 1) == 1


async def test_stop_iteration_passes_as_a_coroutine_lets_it(run: Calls) -> None:
    def fail() -> None:
        next(iter([]))

    with pytest.raises(RuntimeError, match="StopIteration") as caught:
        await run(fail)
    assert isinstance(caught.value.__cause__, StopIteration)


async def test_context_variables_are_the_task_s_both_ways(run: Calls) -> None:
    TAG.set("before")

    def change() -> Any:
        before = TAG.get()
        TAG.set("changed")
        here().sleep(0.001)
        return before, TAG.get()

    async def other() -> Any:
        TAG.set("other")
        await asyncio.sleep(0.002)
        return TAG.get()

    assert await asyncio.gather(run(change), other()) == [("before", "changed"), "other"]
    assert TAG.get() == "before"
    assert await run(change) == ("before", "changed")
    assert TAG.get() == "changed"


async def test_where_it_waits_the_loop_goes_on(run: Calls) -> None:
    order: list[str] = []

    def wait() -> str:
        order.append("asleep")
        here().sleep(0.01)
        order.append("awake")
        assert asyncio._get_running_loop() is None
        return "done"

    async def other() -> None:
        await asyncio.sleep(0)
        assert asyncio.get_running_loop() is run.event_loop
        assert current_call() is None
        order.append("other")

    assert await asyncio.gather(run(wait), other()) == ["done", None]
    assert order == ["asleep", "other", "awake"]


async def test_a_future_s_result_and_exception(run: Calls) -> None:
    good, bad, ready = (run.event_loop.create_future() for _ in range(3))
    run.event_loop.call_later(0.001, good.set_result, 1)
    run.event_loop.call_later(0.001, bad.set_exception, KeyError("k"))
    ready.set_result(2)
    assert await run(lambda: here().wait(good)) == 1
    assert await run(lambda: here().wait(ready)) == 2
    with pytest.raises(KeyError):
        await run(lambda: here().wait(bad))


async def start(run: Calls, function: Callable[[], Any]) -> asyncio.Task[Any]:
    task = asyncio.create_task(run(function))
    await asyncio.sleep(0)
    return task


async def test_a_cancelled_task_interrupts_where_it_waits_and_leaves_the_future(run: Calls) -> None:
    future = run.event_loop.create_future()
    seen: list[Any] = []

    def wait() -> None:
        try:
            here().wait(future)
        except BaseException as error:
            seen.append(type(error))
            raise
        finally:
            # What it waited for before comes now, and is not taken for the end of this.
            run.event_loop.call_soon(future.set_result, None)
            here().sleep(0.005)
            seen.append("cleaned up")

    task = await start(run, wait)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == [asyncio.CancelledError, "cleaned up"]
    assert future.result() is None
    assert len(run.idle) == 1


async def test_a_result_that_comes_behind_the_cancellation_does_not_end_the_next_wait(run: Calls) -> None:
    future, last = (run.event_loop.create_future() for _ in range(2))
    seen: list[Any] = []

    def wait() -> None:
        try:
            here().wait(future)
        finally:
            seen.append(here().wait(last))

    task = await start(run, wait)
    task.cancel()
    future.set_result("late")
    await asyncio.sleep(0.01)
    assert seen == []
    last.set_result("last")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["last"]


async def test_a_function_cannot_swallow_the_cancellation(run: Calls) -> None:
    def stubborn() -> str:
        with contextlib.suppress(asyncio.CancelledError):
            here().sleep(60)
        return "done all the same"

    task = await start(run, stubborn)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(run.idle) == 1


async def test_cancelled_again_while_it_cleans_up(run: Calls) -> None:
    interrupted: list[str] = []

    def wait() -> None:
        for name in ("first", "second"):
            try:
                here().sleep(60)
            except asyncio.CancelledError:
                interrupted.append(name)
        here().sleep(0.001)

    task = await start(run, wait)
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert interrupted == ["first", "second"]


async def test_cancelled_when_the_wait_has_just_ended(run: Calls) -> None:
    """Both the result and the cancellation are on their way: the function is resumed once, and not torn."""
    future = run.event_loop.create_future()
    seen: list[Any] = []

    def wait() -> None:
        seen.append(here().wait(future))
        here().sleep(0)
        seen.append("end")

    task = await start(run, wait)
    future.set_result("value")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.01)
    assert seen in ([], ["value"], ["value", "end"])
    assert len(run.idle) == 1


async def test_a_coroutine_that_is_closed_ends_the_function(run: Calls) -> None:
    seen: list[Any] = []

    def wait() -> None:
        try:
            here().sleep(60)
        except GeneratorExit:
            seen.append("closed")
            raise

    coroutine = run(wait)
    coroutine.send(None)
    coroutine.close()
    assert seen == ["closed"]
    assert asyncio.get_running_loop() is run.event_loop


async def test_greenlets_are_used_again(run: Calls) -> None:
    assert len({id(await run(getcurrent)) for _ in range(5)}) == 1
    futures = [run.event_loop.create_future() for _ in range(3)]
    tasks = [asyncio.create_task(run(lambda future=future: here().wait(future))) for future in futures]
    await asyncio.sleep(0)
    for number, future in reversed(list(enumerate(futures))):
        future.set_result(number)
    assert await asyncio.gather(*tasks) == [0, 1, 2]
    assert len(run.idle) == 3


async def test_nothing_of_a_request_is_kept_by_an_idle_greenlet(run: Calls) -> None:
    class Big:
        pass

    async def request() -> Any:
        big = Big()
        TAG.set(big)

        def fail() -> None:
            here().sleep(0)
            assert big
            raise LookupError

        with pytest.raises(LookupError):
            await run(fail)
        return weakref.ref(big)

    reference = await asyncio.create_task(request())
    # The loop's own last handle is the request's.
    await asyncio.sleep(0)
    gc.collect()
    assert reference() is None


async def test_each_step_s_time_is_told_and_a_wait_is_none(run: Calls) -> None:
    def work() -> None:
        time.sleep(0.02)
        here().sleep(0.1)
        time.sleep(0.01)

    await run(work)
    first, second = run.slow.steps
    assert 0.02 <= first < 0.09
    assert 0.01 <= second < 0.09


async def test_a_call_inside_another_s_future_runs_beside_it(run: Calls) -> None:
    """A resumed function goes back to whoever resumed it, even from inside another's step."""
    results: list[Any] = []

    def outer() -> str:
        task = run.event_loop.create_task(run(inner))
        here().wait(task)
        return "outer"

    def inner() -> None:
        here().sleep(0.001)
        results.append("inner")

    results.append(await run(outer))
    assert results == ["inner", "outer"]
