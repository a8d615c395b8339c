"""`async with transaction.atomic()` on a loop with a bridge, as another connection to the file sees it."""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction, sync_to_async
from django.db import IntegrityError, InterfaceError, connection, connections, transaction

from django_bolt.exceptions import ServiceUnavailable
from django_bolt.orm.bridge import Bridge
from django_bolt.orm.connections import thread_connection
from django_bolt.orm.transaction import AsyncAtomic, aenter, aexit
from django_bolt.orm.units import UNIT, current_unit
from tests.testapp.models import Item
from tests.unit.orm.conftest import Carry, File


async def make(name: str) -> None:
    await Item.objects.acreate(name=name)


async def test_rows_are_committed_at_the_end_and_not_before(bridge: Bridge, file: File) -> None:
    async with transaction.atomic():
        await make("a")
        assert file.names() == []
    assert file.names() == ["a"]


async def test_an_exception_rolls_back_and_passes(bridge: Bridge, file: File) -> None:
    with pytest.raises(LookupError):
        async with transaction.atomic():
            await make("a")
            raise LookupError
    assert file.names() == []
    await make("b")
    assert file.names() == ["b"]


async def test_a_block_inside_one_is_a_savepoint(bridge: Bridge, file: File) -> None:
    async with transaction.atomic():
        await make("a")
        with pytest.raises(LookupError):
            async with transaction.atomic():
                await make("lost")
                raise LookupError
        async with transaction.atomic():
            await make("b")
        assert file.names() == []
    assert file.names() == ["a", "b"]


async def test_a_failed_query_breaks_the_block_as_in_django(bridge: Bridge, file: File) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        async with transaction.atomic():
            with pytest.raises(IntegrityError):
                await Item.objects.acreate(name=None)
            with pytest.raises(transaction.TransactionManagementError, match="until the end of the 'atomic' block"):
                await Item.objects.acount()
            async with transaction.atomic(savepoint=False):
                pass
            await make("never")
    assert file.names() == []


async def test_set_rollback_and_in_atomic_block_are_of_the_block(bridge: Bridge, file: File) -> None:
    async with transaction.atomic():
        assert connection.in_atomic_block
        await make("lost")
        transaction.set_rollback(True)
        assert transaction.get_rollback()
    assert file.names() == []


async def test_durable_and_decorated(bridge: Bridge, file: File) -> None:
    async with transaction.atomic(durable=True):
        await make("a")
        with pytest.raises(RuntimeError, match="durable"):
            async with transaction.atomic(durable=True):
                await make("lost")
        await make("b")

    @transaction.atomic
    async def decorated(name: str, *, fail: bool) -> str:
        await make(name)
        assert file.names() == ["a", "b"]
        if fail:
            raise LookupError
        return name

    assert iscoroutinefunction(decorated)
    with pytest.raises(LookupError):
        await decorated("lost", fail=True)
    assert await decorated("c", fail=False) == "c"
    assert file.names() == ["a", "b", "c"]


async def test_one_block_entered_again_and_at_the_same_time(bridge: Bridge, file: File) -> None:
    block = transaction.atomic()

    async def enter(name: str) -> None:
        async with block:
            await make(name)
            await asyncio.sleep(0)
            async with block:
                await make(name)

    await asyncio.gather(enter("a"), enter("b"))
    assert sorted(file.names()) == ["a", "a", "b", "b"]


async def test_on_commit_runs_after_the_outermost_commit_only(bridge: Bridge, file: File) -> None:
    seen: list[Any] = []
    async with transaction.atomic():
        transaction.on_commit(lambda: seen.append(("outer", file.names())))
        async with transaction.atomic():
            await make("a")
            transaction.on_commit(lambda: seen.append("inner"))
        with pytest.raises(LookupError):
            async with transaction.atomic():
                transaction.on_commit(lambda: seen.append("never"))
                raise LookupError
        assert seen == []
    assert seen == [("outer", ["a"]), "inner"]


async def test_on_commit_is_forgotten_after_a_rollback(bridge: Bridge, file: File) -> None:
    seen: list[str] = []
    with pytest.raises(LookupError):
        async with transaction.atomic():
            transaction.on_commit(lambda: seen.append("never"))
            raise LookupError
    async with transaction.atomic():
        await make("a")
    assert seen == []


async def test_tasks_inside_a_block_take_turns_on_its_connection(bridge: Bridge, file: File) -> None:
    async with transaction.atomic():
        await asyncio.gather(*(make(f"{number}") for number in range(20)))
        assert await Item.objects.acount() == 20
        assert bridge.pool("default")._free == 9
        assert file.names() == []
    assert len(file.names()) == 20


async def test_blocks_of_tasks_inside_a_block_do_not_interleave(bridge: Bridge, file: File) -> None:
    running: list[str] = []

    async def nested(name: str) -> None:
        async with transaction.atomic():
            running.append(name)
            assert running == [name]
            await make(name)
            await asyncio.sleep(0.005)
            await make(name)
            running.clear()
            if name == "lost":
                raise LookupError

    async with transaction.atomic():
        found = await asyncio.gather(*map(nested, ("a", "lost", "b")), return_exceptions=True)
    assert [type(one) for one in found] == [type(None), LookupError, type(None)]
    assert file.names() == ["a", "a", "b", "b"]


async def test_a_task_that_outlives_the_block_has_a_connection_of_its_own(bridge: Bridge, file: File) -> None:
    closed = asyncio.Event()

    async def outlive() -> bool:
        await closed.wait()
        await make("later")
        return current_unit(bridge) is None

    with pytest.raises(LookupError):
        async with transaction.atomic():
            task = asyncio.create_task(outlive())
            await make("lost")
            raise LookupError
    async with transaction.atomic():
        await make("other")
        closed.set()
        assert not task.done()
    assert await task
    assert sorted(file.names()) == ["later", "other"]


async def test_a_task_made_before_the_block_is_not_in_it(carry: Carry, file: File) -> None:
    go = asyncio.Event()

    async def read() -> int:
        await go.wait()
        return await Item.objects.acount()

    async with carry():
        task = asyncio.create_task(read())
        async with transaction.atomic():
            await make("a")
            go.set()
            assert await task == 0


@pytest.mark.parametrize("during", ["an await", "a wait for the turn", "a wait for the lock"])
async def test_cancellation_rolls_back(bridge: Bridge, file: File, during: str) -> None:
    inside = asyncio.Event()

    async def work() -> None:
        async with transaction.atomic():
            await make("lost")
            holder = asyncio.create_task(hold()) if during == "a wait for the turn" else None
            await asyncio.sleep(0)
            inside.set()
            if holder is None:
                await asyncio.sleep(60)
            try:
                await make("lost")
            finally:
                holder.cancel()

    async def hold() -> None:
        async with transaction.atomic():
            await asyncio.sleep(60)

    if during == "a wait for the lock":
        async with transaction.atomic():
            task = asyncio.create_task(work(), context=Context())
            await asyncio.sleep(0.01)
            assert not inside.is_set()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    else:
        task = asyncio.create_task(work())
        await inside.wait()
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await make("b")
    assert file.names() == ["b"]


async def test_a_timeout_inside_a_block(bridge: Bridge, file: File) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02), transaction.atomic():
            await make("lost")
            await asyncio.sleep(60)
    async with transaction.atomic():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02), transaction.atomic():
                await make("lost")
                await asyncio.sleep(60)
        await make("a")
    assert file.names() == ["a"]


async def test_cancelled_while_it_commits_nothing_is_held(bridge: Bridge, file: File) -> None:
    """A reader keeps the commit waiting; whether it was made or not, the connection is given back."""
    with file.connect() as reader:
        file.add("old", "older")
        cursor = reader.execute("SELECT * FROM testapp_item")
        cursor.fetchone()

        async def work() -> None:
            async with transaction.atomic():
                await make("lost")

        task = asyncio.create_task(work())
        await asyncio.sleep(0.05)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        cursor.close()
    await make("b")
    assert file.names() == ["old", "older", "b"]


async def test_sync_to_async_inside_a_block_is_a_matter_of_the_executor(bridge: Bridge, file: File) -> None:
    """Without a worker's executor, asgiref's thread keeps its own connection: nothing of the block leaks there."""
    async with transaction.atomic():
        await make("a")
        assert await sync_to_async(
            lambda: connections["default"] is thread_connection("default"), thread_sensitive=False
        )()


async def test_a_wait_for_a_turn_is_bounded(carry: Carry, file: File) -> None:
    async with carry(timeout=0.02), transaction.atomic():
        inner = transaction.atomic()
        before = UNIT.get()
        await aenter(inner)
        opened = UNIT.get()
        # Code that awaits, inside the nested block, what needs the outer one's turn waits for itself.
        UNIT.set(before)
        with pytest.raises(ServiceUnavailable, match="connection of a transaction"):
            await make("never")
        UNIT.set(opened)
        await aexit(inner, None, None, None)


async def test_left_in_another_task_it_says_so(bridge: Bridge) -> None:
    block = transaction.atomic()
    async with block:
        leaving = asyncio.create_task(aexit(block, None, None, None), context=Context())
        with pytest.raises(RuntimeError, match="another task than it was entered in"):
            await leaving


async def test_what_cannot_be_entered_holds_nothing(bridge: Bridge, file: File) -> None:
    async with transaction.atomic():
        await make("a")
        with pytest.raises(RuntimeError, match="durable"):
            await AsyncAtomic(transaction.atomic(durable=True)).__aenter__()
        await make("b")
    with pytest.raises(Exception, match="no_such"):
        await AsyncAtomic(transaction.atomic(using="no_such")).__aenter__()
    assert UNIT.get() is None or not UNIT.get().open
    assert file.names() == ["a", "b"]


async def test_an_iteration_left_open_in_a_closed_block_says_so(bridge: Bridge, file: File) -> None:
    file.add(*map(str, range(30)))
    async with transaction.atomic():
        rows = Item.objects.order_by("pk").aiterator(chunk_size=10)
        assert (await anext(rows)).name == "0"
    with pytest.raises(InterfaceError, match="outlived the transaction"):
        async for _ in rows:
            pass
    await make("fine")
