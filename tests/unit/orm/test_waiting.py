"""Blocking code that waits for a coroutine: where that runs."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar
from typing import Any

import pytest
from asgiref.sync import SyncToAsync, sync_to_async
from django.utils import translation

from django_bolt.orm.bridge import Bridge
from django_bolt.orm.waiting import belong_to, running, wait_for

TAG: ContextVar[str] = ContextVar("TAG", default="nobody")


async def places() -> list[Any]:
    """Return the loop that runs this, the thread that it sends blocking code to, and what its context has."""
    await asyncio.sleep(0)
    thread = await sync_to_async(threading.current_thread)()
    return [asyncio.get_running_loop(), thread, TAG.get(), translation.get_language()]


async def test_on_a_thread_of_a_loop_s_that_loop_runs_it() -> None:
    def work() -> Any:
        belong_to(asyncio_loop)
        TAG.set("thread")
        with translation.override("de"):
            found = wait_for(places())
        return found, threading.current_thread(), getattr(SyncToAsync.threadlocal, "main_event_loop", None)

    asyncio_loop = asyncio.get_running_loop()
    found, thread, noted = await asyncio.to_thread(work)
    assert found == [asyncio_loop, thread, "thread", "de"]
    # Blocking code there finds no loop of its own accord.
    assert noted is None


async def test_what_is_raised_is_raised_where_it_is_waited_for() -> None:
    async def fail() -> None:
        raise LookupError("there")

    def work() -> None:
        belong_to(asyncio_loop)
        with pytest.raises(LookupError, match="there"):
            wait_for(fail())

    asyncio_loop = asyncio.get_running_loop()
    await asyncio.to_thread(work)


def test_elsewhere_it_has_a_loop_of_its_own() -> None:
    loop, thread, *_ = wait_for(places())
    assert loop.is_closed()
    assert thread is threading.current_thread()


def test_a_block_says_who_runs_it() -> None:
    def run(awaitable: Any) -> str:
        awaitable.close()
        return "run"

    with running(run):
        assert wait_for(places()) == "run"
    assert wait_for(places())[2] == "nobody"


async def test_inside_a_call_of_the_bridge_its_task_awaits_it(bridge: Bridge) -> None:
    async def task() -> Any:
        return asyncio.current_task()

    assert await bridge.call_around(lambda: wait_for(task())) is asyncio.current_task()
