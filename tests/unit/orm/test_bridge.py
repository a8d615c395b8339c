"""The bridge of one loop: which calls it runs on threads, whose turn it is there, and what it leaves behind."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import tracemalloc
import weakref
from collections import Counter
from contextvars import Context, ContextVar
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import override_settings

from django_bolt.orm.bridge import Bridge, here, register, unregister
from django_bolt.orm.entry import run_now
from django_bolt.orm.units import current_unit
from tests.testapp.models import Item
from tests.unit.orm.conftest import Carry, File, use_file

TAG: ContextVar[str] = ContextVar("TAG", default="none")


async def test_a_bridge_is_its_loop_s_alone(bridge: Bridge) -> None:
    assert here() is bridge
    unregister(bridge)
    assert here() is None
    unregister(bridge)
    register(bridge)
    assert here() is bridge

    async def elsewhere() -> Bridge | None:
        return here()

    assert await asyncio.to_thread(asyncio.run, elsewhere()) is None


async def test_arguments_and_results(bridge: Bridge) -> None:
    def collect(*args: Any, **kwargs: Any) -> Any:
        return args, kwargs

    assert await bridge.call(collect, 1, two=2) == ((1,), {"two": 2})
    assert await bridge.call(collect, function=1) == ((), {"function": 1})


# On threads -------------------------------------------------------------------------------------


def where() -> tuple[str, Any]:
    connection.ensure_connection()
    return threading.current_thread().name.partition("-")[0], connection.connection


async def test_in_thread_mode_calls_run_on_threads_and_transactions_on_one(carry: Carry, file: File) -> None:
    async with carry(mode="thread", threads=3) as bridge:
        assert (await bridge.call(where))[0] == "bolt"
        await Item.objects.acreate(name="a")
        assert [item.name async for item in Item.objects.all()] == ["a"]
        async with transaction.atomic():
            first = await bridge.call(where)
            await Item.objects.acreate(name="b")
            async with transaction.atomic():
                assert await bridge.call(where) == first
            assert file.names() == ["a"]
            assert await Item.objects.acount() == 2
        with pytest.raises(LookupError):
            async with transaction.atomic():
                await Item.objects.acreate(name="lost")
                raise LookupError
    assert file.names() == ["a", "b"]


async def test_in_thread_mode_at_once_and_in_turn(carry: Carry, file: File) -> None:
    def slow() -> Any:
        time.sleep(0.05)
        return where()

    async with carry(mode="thread", threads=4) as bridge:
        started = time.monotonic()
        found = await asyncio.gather(*(bridge.call(slow) for _ in range(4)))
        assert time.monotonic() - started < 0.18
        assert len({id(used) for _, used in found}) == 4
        async with transaction.atomic():
            started = time.monotonic()
            found = await asyncio.gather(*(bridge.call(slow) for _ in range(3)))
            assert time.monotonic() - started >= 0.15
            assert len({id(used) for _, used in found}) == 1


async def test_in_thread_mode_an_iteration_and_its_body_share_a_thread(carry: Carry, file: File) -> None:
    file.add(*map(str, range(12)))
    async with carry(mode="thread", threads=1):
        found = [await Item.objects.acount() async for _ in Item.objects.aiterator(chunk_size=5)]
    assert found == [12] * 12


@pytest.mark.parametrize("error", [ValueError, KeyError, StopIteration, SystemExit])
async def test_in_thread_mode_exceptions_cross(carry: Carry, error: type[BaseException]) -> None:
    def fail() -> None:
        raise error("x")

    async with carry(mode="thread", threads=1) as bridge, asyncio.timeout(2):
        expected = RuntimeError if error is StopIteration else error
        with pytest.raises(expected):
            await bridge.call(fail)
        assert (await bridge.call(where))[0] == "bolt"


async def test_in_thread_mode_the_context_is_the_caller_s(carry: Carry) -> None:
    TAG.set("mine")
    async with carry(mode="thread", threads=1) as bridge:
        assert await bridge.call(TAG.get) == "mine"


async def test_in_thread_mode_a_cancelled_task_waits_for_what_cannot_be_interrupted(carry: Carry, file: File) -> None:
    entered = threading.Event()

    def slow() -> None:
        entered.set()
        time.sleep(0.1)
        Item.objects.create(name="lost")

    async def work(bridge: Bridge) -> None:
        async with transaction.atomic():
            await bridge.call(slow)

    async with carry(mode="thread", threads=1) as bridge:
        task = asyncio.create_task(work(bridge))
        while not entered.is_set():
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await Item.objects.acount() == 0
    assert file.names() == []


async def test_each_database_in_its_own_mode(
    carry: Carry, file: File, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Reads go to one alias on threads, writes to another on the loop, as a router has it."""
    replica = use_file(monkeypatch, "replica", tmp_path / "replica.sqlite3")
    replica.add("old")
    router = type("Router", (), {"db_for_read": lambda *_, **__: "replica", "db_for_write": lambda *_, **__: "default"})
    with override_settings(DATABASE_ROUTERS=[router()]):
        async with carry(modes={"default": "inline", "replica": "thread"}, threads=2):
            assert [item.name async for item in Item.objects.all()] == ["old"]
            assert await Item.objects.acount() == 1
            await Item.objects.acreate(name="new")
            async with transaction.atomic(), transaction.atomic(using="replica"):
                await Item.objects.acreate(name="both")
                await Item.objects.using("replica").acreate(name="both")
                assert (file.names(), replica.names()) == (["new"], ["old"])
            with pytest.raises(LookupError):
                async with transaction.atomic(using="replica"), transaction.atomic():
                    await Item.objects.acreate(name="lost")
                    await Item.objects.using("replica").acreate(name="lost")
                    raise LookupError
    assert (file.names(), replica.names()) == (["new", "both"], ["old", "both"])


async def test_a_transaction_on_one_alias_leaves_the_other_alone(
    carry: Carry, file: File, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = use_file(monkeypatch, "other", tmp_path / "other.sqlite3")
    async with carry(modes={"default": "inline", "other": "inline"}):
        with pytest.raises(LookupError):
            async with transaction.atomic():
                await Item.objects.acreate(name="lost")
                await Item.objects.using("other").acreate(name="kept")
                raise LookupError
    assert (file.names(), other.names()) == ([], ["kept"])


# Slow routes ------------------------------------------------------------------------------------

ROUTE: ContextVar[str | None] = ContextVar("ROUTE", default=None)


async def test_a_route_that_keeps_the_loop_moves_to_threads(carry: Carry, caplog: pytest.LogCaptureFixture) -> None:
    def slow() -> Any:
        time.sleep(0.02)
        return where()[0]

    async def answer(route: str | None, function: Any = slow) -> Any:
        ROUTE.set(route)
        return await here().call(function)

    async def ask(route: str | None, function: Any = slow) -> Any:
        return await asyncio.create_task(answer(route, function), context=Context())

    async with carry(threads=2, route=lambda context: context.get(ROUTE), limit=0.01):
        found = [await ask("GET /slow") for _ in range(6)]
        assert found[:4] == [threading.current_thread().name.partition("-")[0]] * 4
        assert found[4:] == ["bolt"] * 2
        assert [await ask("GET /quick", where) for _ in range(6)][-1][0] != "bolt"
        assert {await ask(None) for _ in range(5)} == {found[0]}

        async def transact() -> Any:
            ROUTE.set("GET /slow")
            async with transaction.atomic():
                return await here().call(where)

        assert (await asyncio.create_task(transact(), context=Context()))[0] == "bolt"
    told = [record.getMessage() for record in caplog.records if record.name == "django_bolt"]
    assert told == [
        "GET /slow: its database calls keep the event loop for more than 10 ms; from now on they run on threads."
    ]


async def test_without_a_limit_nothing_moves(carry: Carry) -> None:
    async with carry(threads=1, route=lambda context: "GET /slow", limit=0.0) as bridge:
        found = {await bridge.call(lambda: (time.sleep(0.02), where()[0])[1]) for _ in range(5)}
    assert found == {threading.current_thread().name.partition("-")[0]}


# Memory -----------------------------------------------------------------------------------------


def census() -> Counter[str]:
    gc.collect()
    # A connection of sqlite3's remembers up to 200 cursors that are gone.
    return Counter(type(one).__name__ for one in gc.get_objects() if type(one) is not weakref.ref)


def grown(before: Counter[str], after: Counter[str], *, by: int) -> dict[str, int]:
    return {name: after[name] - before[name] for name in after if after[name] - before[name] > by}


async def run_many(bridge: Bridge, *, calls: int, cancelled: int) -> None:
    for _ in range(calls // 2):
        await Item.objects.filter(pk=0).aexists()
    for _ in range(calls // 20):
        async with transaction.atomic():
            await asyncio.gather(*(bridge.call(int) for _ in range(10)))
    for _ in range(cancelled // 20):
        async with transaction.atomic():
            # In line for the transaction's end.
            tasks = [asyncio.create_task(begin(), context=Context()) for _ in range(20)]
            await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)


async def begin() -> None:
    async with transaction.atomic():
        pytest.fail("it was cancelled before")


@pytest.mark.timeout(60)
async def test_twenty_thousand_calls_and_two_thousand_cancelled_ones_leave_nothing(carry: Carry) -> None:
    async with carry(size=50) as bridge:
        await run_many(bridge, calls=1000, cancelled=200)
        before = census()
        await run_many(bridge, calls=20_000, cancelled=2_000)
        assert grown(before, census(), by=100) == {}
        assert len(bridge._idle) <= 60


async def test_memory_stays_where_it_is(carry: Carry) -> None:
    async with carry(size=50) as bridge:
        await run_many(bridge, calls=400, cancelled=100)
        gc.collect()
        tracemalloc.start()
        try:
            await run_many(bridge, calls=400, cancelled=100)
            gc.collect()
            first, _ = tracemalloc.get_traced_memory()
            await run_many(bridge, calls=2_000, cancelled=500)
            gc.collect()
            last, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert last - first < 100_000


# Code that cannot wait ------------------------------------------------------------------------------


async def test_code_that_cannot_wait_is_answered_where_it_stands(bridge: Bridge) -> None:
    loop = asyncio.get_running_loop()
    await Item.objects.acreate(name="a")
    assert run_now(Item.objects.count) == 1
    assert run_now(asyncio._get_running_loop) is None
    assert asyncio.get_running_loop() is loop
    with pytest.raises(Item.DoesNotExist):
        run_now(lambda: Item.objects.get(pk=7))
    assert asyncio.get_running_loop() is loop


async def test_it_sees_the_transaction_around_it(bridge: Bridge, file: File) -> None:
    async with transaction.atomic():
        await Item.objects.acreate(name="a")
        assert run_now(Item.objects.count) == 1
        assert file.names() == []
        transaction.set_rollback(True)
    assert run_now(Item.objects.count) == 0


async def test_it_borrows_where_all_connections_are_in_use(carry: Carry) -> None:
    async with carry(size=1) as bridge:
        held, may_end = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            async with transaction.atomic():
                await Item.objects.acreate(name="a")
                held.set()
                await may_end.wait()

        task = asyncio.create_task(hold())
        await held.wait()
        # Another connection: what is not committed is not seen.
        assert [run_now(Item.objects.count) for _ in range(3)] == [0, 0, 0]
        may_end.set()
        await task
        assert run_now(Item.objects.count) == 1
        assert here() is bridge


async def test_it_leaves_a_transaction_alone_that_another_task_is_using(bridge: Bridge) -> None:
    async with transaction.atomic():
        await Item.objects.acreate(name="a")
        inside = current_unit(bridge)
        assert inside is not None
        await inside.turn.acquire()
        assert run_now(Item.objects.count) == 0
        inside.turn.release()
        assert run_now(Item.objects.count) == 1
