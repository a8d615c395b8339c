"""SQLite that waits on the loop: writers stand in line, and what another process locks is tried again."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextvars import Context
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction

from django_bolt.exceptions import ServiceUnavailable
from django_bolt.orm.bridge import Bridge
from django_bolt.orm.sqlite import BUSY_TIMEOUT, PatientConnection, WriteLock, patient_options
from tests.testapp.models import Item
from tests.unit.orm.conftest import Carry, File


def set_options(monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
    monkeypatch.setitem(connections.settings, "default", {**connections.settings["default"], "OPTIONS": options})


async def outside(function: Callable[..., Any], *args: Any) -> Any:
    """Await what `function` returns as another request would: not in the running code's unit of work."""
    return await asyncio.create_task(function(*args), context=Context())


async def create(name: str) -> None:
    await Item.objects.acreate(name=name)


@contextlib.asynccontextmanager
async def ticking() -> AsyncIterator[list[float]]:
    """Collect how long the loop did not come round; the first entry of the list is the time with nothing to do."""
    gaps: list[float] = []

    async def tick() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.001)
            gaps.append(time.monotonic() - before)

    task = asyncio.create_task(tick())
    try:
        yield gaps
    finally:
        task.cancel()


async def test_sixty_four_writers_and_one_that_holds_its_transaction(bridge: Bridge, file: File) -> None:
    async def hold() -> None:
        async with transaction.atomic():
            await create("held")
            await asyncio.sleep(0.5)

    async with ticking() as gaps:
        await asyncio.gather(hold(), *(create(f"{number}") for number in range(63)))
    assert sorted(file.names()) == sorted(["held", *(f"{number}" for number in range(63))])
    # One that waited on the thread would stop the loop for as long as the holder waits.
    assert max(gaps) < 0.4


async def test_transactions_that_read_and_then_write_stand_in_line(bridge: Bridge, file: File) -> None:
    async def count_up(number: int) -> None:
        async with transaction.atomic():
            count = await Item.objects.acount()
            await asyncio.sleep(0)
            await create(f"{count}")

    await asyncio.gather(*map(count_up, range(64)))
    assert file.names() == [str(number) for number in range(64)]


@contextlib.contextmanager
def locked(file: File) -> Any:
    """Another process's write transaction."""
    with file.connect() as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("way", ["one statement", "a transaction", "many rows"])
async def test_another_process_is_waited_for_without_stopping_the_loop(bridge: Bridge, file: File, way: str) -> None:
    async def write() -> None:
        if way == "one statement":
            await create("a")
        elif way == "a transaction":
            async with transaction.atomic():
                await create("a")
        else:
            await Item.objects.abulk_create([Item(name="a")])

    await Item.objects.acount()
    async with ticking() as gaps:
        with locked(file):
            task = asyncio.create_task(write())
            await asyncio.sleep(0.15)
            assert not task.done()
        await task
    assert file.names() == ["a"]
    assert len(gaps) > 20
    assert max(gaps) < 0.12


async def test_after_django_s_timeout_it_fails_as_in_django(
    carry: Carry, file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_options(monkeypatch, timeout=0.1)
    async with carry():
        with locked(file):
            started = time.monotonic()
            with pytest.raises(OperationalError, match="database is locked"):
                await create("never")
            assert 0.1 <= time.monotonic() - started < 1
            with pytest.raises(OperationalError, match="database is locked"):
                async with transaction.atomic():
                    await create("never")
        await create("a")
    assert file.names() == ["a"]


@pytest.mark.parametrize("in_transaction", [False, True])
async def test_a_reader_keeps_a_writer_waiting(bridge: Bridge, file: File, in_transaction: bool) -> None:
    """In a rollback journal the commit needs the readers gone, whoever commits."""
    file.add("old", "older")

    async def write() -> None:
        if not in_transaction:
            await create("a")
            return
        async with transaction.atomic():
            await create("a")

    with file.connect() as reader:
        cursor = reader.execute("SELECT name FROM testapp_item")
        cursor.fetchone()
        task = asyncio.create_task(write())
        await asyncio.sleep(0.05)
        assert not task.done()
        cursor.close()
        await task
    assert file.names() == ["old", "older", "a"]


async def test_an_iteration_keeps_a_writer_waiting(bridge: Bridge, file: File) -> None:
    file.add(*map(str, range(30)))
    rows = Item.objects.order_by("pk").aiterator(chunk_size=5)
    await anext(rows)
    writer = asyncio.create_task(create("a"), context=Context())
    await asyncio.sleep(0.03)
    assert not writer.done()
    await rows.aclose()
    await writer
    assert file.names()[-1] == "a"


async def test_rows_that_were_read_are_not_read_again(bridge: Bridge, file: File) -> None:
    """Of an INSERT in autocommit whose last step finds a reader, the rows already given cannot be taken back."""
    file.add("old", "older")

    def insert() -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO testapp_item (name, price, created) VALUES ('a', 0, 0), ('b', 0, 0) RETURNING name"
            )
            return [cursor.fetchone(), cursor.fetchone(), cursor.fetchone()]

    with file.connect() as reader:
        cursor = reader.execute("SELECT name FROM testapp_item")
        cursor.fetchone()
        with pytest.raises(OperationalError, match="locked"):
            await bridge.call(insert)
        cursor.close()
    assert file.names() == ["old", "older"]
    assert await bridge.call(insert) == [("a",), ("b",), None]


async def test_an_outdated_snapshot_is_not_waited_for(bridge: Bridge, file: File) -> None:
    """In WAL a transaction that has read and is overtaken can never write: waiting would be for nothing."""
    with file.connect() as other:
        other.execute("PRAGMA journal_mode=WAL")
    await Item.objects.acount()
    started = time.monotonic()
    with pytest.raises(OperationalError, match="locked"):
        async with transaction.atomic():
            await Item.objects.acount()
            file.add("other process")
            await create("never")
    assert time.monotonic() - started < 1
    await create("a")
    assert file.names() == ["other process", "a"]


async def test_immediate_transactions_and_init_commands_stay_django_s(
    carry: Carry, file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Counted(sqlite3.Connection):
        made = 0

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            Counted.made += 1

    set_options(
        monkeypatch, transaction_mode="IMMEDIATE", init_command="PRAGMA cache_size=1234", factory=Counted, timeout=0.05
    )

    def look() -> Any:
        with connection.cursor() as cursor:
            return cursor.execute("PRAGMA cache_size").fetchone()[0], type(connection.connection)

    async with carry():
        size, kind = await outside(lambda: here_call(look))
        assert size == 1234
        assert issubclass(kind, PatientConnection) and issubclass(kind, Counted)
        assert Counted.made == 1
        with locked(file), pytest.raises(OperationalError, match="locked"):
            async with transaction.atomic():
                pytest.fail("IMMEDIATE was dropped")


async def here_call(function: Callable[..., Any]) -> Any:
    from django_bolt.orm.entry import run_blocking

    return await run_blocking(function)


async def test_without_a_timeout_in_the_options_it_is_sqlite3_s(bridge: Bridge) -> None:
    lock = WriteLock(asyncio.get_running_loop(), timeout=1)
    assert patient_options({}, lock)["factory"].patience == BUSY_TIMEOUT == 5.0
    options = patient_options({"timeout": 7, "uri": True}, lock)
    assert (options["timeout"], options["factory"].patience, options["uri"]) == (0, 7.0, True)


async def test_the_wait_in_line_is_bounded(carry: Carry, file: File) -> None:
    async def write() -> None:
        async with transaction.atomic():
            await create("never")

    async with carry(timeout=0.05):
        async with transaction.atomic():
            with pytest.raises(ServiceUnavailable, match="locked for 0.05 s") as caught:
                await outside(write)
            assert caught.value.headers == {"Retry-After": "1"}
            await create("a")
        await create("b")
    assert file.names() == ["a", "b"]


async def test_those_in_line_go_in_order_and_who_leaves_is_passed_over(bridge: Bridge, file: File) -> None:
    async def write(name: str) -> None:
        async with transaction.atomic():
            await create(name)

    async with transaction.atomic():
        tasks = []
        for name in "abcd":
            tasks.append(asyncio.create_task(write(name), context=Context()))
            await asyncio.sleep(0)
        tasks[1].cancel()
        await create("first")
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in found] == [type(None), asyncio.CancelledError, type(None), type(None)]
    assert file.names() == ["first", "a", "c", "d"]


async def test_two_bridges_wait_for_each_other_s_transactions(bridge: Bridge, file: File) -> None:
    """What two worker processes do: the lock in line is each one's own, the file's is SQLite's."""
    import threading

    entered, leave = threading.Event(), threading.Event()

    def other_worker() -> None:
        with file.connect() as other:
            other.execute("BEGIN IMMEDIATE")
            entered.set()
            leave.wait(5)
            other.execute("COMMIT")

    thread = threading.Thread(target=other_worker)
    thread.start()
    entered.wait(5)
    writers = asyncio.gather(*(create(f"{number}") for number in range(5)))
    await asyncio.sleep(0.05)
    assert not writers.done()
    leave.set()
    await writers
    thread.join()
    assert len(file.names()) == 5
