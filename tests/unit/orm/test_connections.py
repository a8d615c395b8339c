"""Who gets which connection, in what state it comes back, and how long anybody waits for one."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from contextvars import Context
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from django_bolt.exceptions import ServiceUnavailable
from django_bolt.orm.bridge import Bridge
from django_bolt.orm.connections import (
    Storage,
    close_thread_connections,
    install_storage,
    thread_connection,
    tidy,
    unopened,
)
from tests.testapp.models import Item
from tests.unit.orm.conftest import Carry, File, off_the_loop


def handle() -> Any:
    """Return sqlite3's own connection, opened."""
    connection.ensure_connection()
    return connection.connection


def outside(function: Callable[..., Any], *args: Any) -> asyncio.Task[Any]:
    """Start `function` as another request would: not in the running code's unit of work."""
    return asyncio.create_task(function(*args), context=Context())


async def test_a_connection_is_kept_and_used_again(bridge: Bridge) -> None:
    first = await bridge.call(handle)
    assert await bridge.call(handle) is first
    assert await outside(bridge.call, handle) is first


async def test_it_is_not_the_thread_s_own(bridge: Bridge) -> None:
    assert await bridge.call(lambda: connections["default"]) is not thread_connection("default")


async def test_two_queries_at_once_use_two_connections(bridge: Bridge) -> None:
    def hold(ready: asyncio.Future[None]) -> Any:
        found = handle()
        from django_bolt.orm.call import current_call

        current_call().wait(ready)
        return found

    ready = asyncio.get_running_loop().create_future()
    both = asyncio.gather(bridge.call(hold, ready), bridge.call(hold, ready))
    await asyncio.sleep(0)
    assert bridge.pool("default")._free == 8
    ready.set_result(None)
    assert len(set(map(id, await both))) == 2


async def test_without_a_pool_size_each_use_has_a_new_one_and_closes_it(carry: Carry, file: File) -> None:
    async with carry(size=0) as bridge:
        made = await bridge.call(lambda: connections["default"])
        assert made.connection is None
        assert len({id(await bridge.call(handle)) for _ in range(3)}) >= 1
        async with transaction.atomic():
            first = await bridge.call(handle)
            assert await bridge.call(handle) is first
        assert await bridge.call(lambda: connections["default"].connection) is None


async def test_nobody_waits_longer_than_the_timeout(carry: Carry) -> None:
    async with carry(size=2, timeout=0.05) as bridge:
        rows = [Item.objects.aiterator(), Item.objects.aiterator()]
        entered, leave = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            unit = await bridge.open("default", handle)
            entered.set()
            await leave.wait()
            await bridge.close(unit)

        holding = [outside(hold) for _ in rows]
        await entered.wait()
        await asyncio.sleep(0)
        started = time.monotonic()
        with pytest.raises(ServiceUnavailable, match=r"no database connection became free in 0.05 s") as caught:
            await Item.objects.acount()
        assert 0.05 <= time.monotonic() - started < 1
        assert caught.value.headers == {"Retry-After": "1"}
        leave.set()
        await asyncio.gather(*holding)
        assert await Item.objects.acount() == 0


async def test_who_waits_is_served_in_order_and_who_is_cancelled_is_passed_over(carry: Carry) -> None:
    async with carry(size=1) as bridge:
        unit = await bridge.open("default", handle)
        served: list[int] = []

        async def use(number: int) -> None:
            await bridge.call(lambda: (handle(), served.append(number)))

        tasks = [outside(use, number) for number in range(5)]
        await asyncio.sleep(0)
        assert served == []
        tasks[1].cancel()
        await asyncio.sleep(0)
        # Its turn comes when it is cancelled already, and has not noticed yet.
        tasks[0].cancel()
        await bridge.close(unit)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert served == [2, 3, 4]


async def test_five_hundred_at_once_over_five(carry: Carry, file: File) -> None:
    async with carry(size=5) as bridge:
        most = 0

        async def write(number: int) -> None:
            nonlocal most
            async with transaction.atomic():
                await Item.objects.acreate(name=str(number))
                most = max(most, 5 - bridge.pool("default")._free)

        await asyncio.gather(*map(write, range(500)))
        assert most <= 5
    assert len(set(file.names())) == 500


async def test_conn_max_age_above_zero_is_an_age(carry: Carry, file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = connections.settings["default"]
    for age, again in ((0, True), (0.05, False), (None, True)):
        monkeypatch.setitem(connections.settings, "default", {**settings, "CONN_MAX_AGE": age})
        async with carry() as bridge:
            first = await bridge.call(handle)
            assert await bridge.call(handle) is first
            await asyncio.sleep(0.06)
            # It is looked at when it is given back.
            await bridge.call(handle)
            assert (await bridge.call(handle) is first) is again, age


async def test_a_transaction_left_open_is_rolled_back_and_seen_by_nobody(bridge: Bridge, file: File) -> None:
    def forget(how: str) -> Any:
        if how == "autocommit":
            connection.set_autocommit(False)
        elif how == "sql":
            connection.cursor().execute("BEGIN")
        else:
            transaction.atomic().__enter__()
        Item.objects.create(name=how)
        return id(connection.connection)

    def look() -> Any:
        return connection.get_autocommit(), connection.in_atomic_block, handle().in_transaction, Item.objects.count()

    for how in ("autocommit", "atomic"):
        await bridge.call(forget, how)
        assert await bridge.call(look) == (True, False, False, 0), how
        # The file is not locked either.
        file.add(how)
        with file.connect() as other:
            other.execute("DELETE FROM testapp_item")


async def test_a_forgotten_atomic_is_told(bridge: Bridge, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="django_bolt"):
        await bridge.call(lambda: transaction.atomic().__enter__())
    assert [record.getMessage() for record in caplog.records] == [
        "A transaction was left open on 'default'; it is rolled back."
    ]


async def test_a_broken_connection_is_opened_anew(bridge: Bridge) -> None:
    def break_it() -> Any:
        first = handle()
        with pytest.raises(DatabaseError):
            connection.cursor().execute("SELECT no_such")
        # What Django asks after an error; SQLite's own answer is always yes.
        connections["default"].is_usable = lambda: False
        return first

    first = await bridge.call(break_it)
    assert await bridge.call(handle) is not first
    assert await Item.objects.acount() == 0


async def test_a_connection_that_the_project_closed_is_opened_anew(bridge: Bridge) -> None:
    first = await bridge.call(handle)
    await bridge.call(lambda: connection.close())
    assert await bridge.call(handle) is not first


async def test_queries_that_were_logged_are_forgotten(bridge: Bridge) -> None:
    def log() -> int:
        connection.force_debug_cursor = True
        Item.objects.count()
        return len(connection.queries)

    assert [await bridge.call(log), await bridge.call(log)] == [1, 1]


# `django.db.connections` ------------------------------------------------------------------------


async def test_an_alias_that_is_not_there_is_refused_as_in_django(bridge: Bridge) -> None:
    from django.utils.connection import ConnectionDoesNotExist

    def ask() -> None:
        connections["no_such"].cursor()

    with pytest.raises(ConnectionDoesNotExist, match="no_such"):
        await bridge.call(ask)
    with pytest.raises(ConnectionDoesNotExist, match="no_such"):
        connections["no_such"].cursor()


async def test_outside_a_bridged_call_django_finds_what_it_found(bridge: Bridge) -> None:
    with off_the_loop():
        assert connections["default"] is thread_connection("default")
    found: list[Any] = []

    def on_another_thread() -> None:
        found.append(connections["default"])
        found.append(thread_connection("default"))

    async with transaction.atomic():
        inside = connections["default"]
        thread = threading.Thread(target=on_another_thread)
        thread.start()
        thread.join()
    assert found[0] is found[1]
    assert found[0] is not inside
    assert connections["default"] is not inside


async def test_connections_can_be_set_and_deleted_as_before(bridge: Bridge) -> None:
    with off_the_loop():
        own = connections["default"]
        other = unopened("default", {})
        try:
            connections["default"] = other
            assert connections["default"] is other
        finally:
            connections["default"] = own
        assert connections["default"] is own
        connections["other"] = other
        del connections["other"]
        assert not hasattr(connections._connections, "other")


def test_installing_twice_is_installing_once() -> None:
    install_storage()
    first = connections._connections
    install_storage()
    assert connections._connections is first
    assert not isinstance(first._own, Storage)


# Threads ----------------------------------------------------------------------------------------


def on_a_thread(work: Callable[[], Any]) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.parametrize("keep", [True, False])
def test_a_thread_keeps_its_connection_if_asked_to(file: File, keep: bool) -> None:
    def work() -> bool:
        first = handle()
        close_thread_connections(keep=keep)
        kept = connection.connection is first
        close_thread_connections(keep=False)
        return kept

    assert on_a_thread(work) is keep


def test_a_thread_gets_a_new_connection_behind_a_forgotten_transaction(file: File) -> None:
    def work() -> Any:
        transaction.atomic().__enter__()
        Item.objects.create(name="lost")
        first = connections["default"]
        close_thread_connections(keep=True)
        after = connections["default"] is first, connection.in_atomic_block, Item.objects.count()
        close_thread_connections(keep=False)
        return after

    assert on_a_thread(work) == (False, False, 0)


def test_a_connection_that_was_never_opened_is_as_good_as_new(file: File) -> None:
    assert tidy(unopened("default", {}))


@pytest.mark.parametrize("health_checked", [True, False])
@pytest.mark.parametrize("errors", [True, False])
@pytest.mark.parametrize("age", [None, -1, 60])
@pytest.mark.parametrize("autocommit", [True, False])
def test_a_fine_connection_is_left_as_django_leaves_it(
    file: File, autocommit: bool, age: float | None, errors: bool, health_checked: bool
) -> None:
    def state(clean_up: Callable[[Any], Any]) -> Any:
        made = unopened("default", {})
        made.ensure_connection()
        made.set_autocommit(autocommit)
        made.settings_dict["CONN_MAX_AGE"] = 600
        made.close_at = None if age is None else time.monotonic() + age
        made.errors_occurred, made.health_check_done = errors, health_checked
        clean_up(made)
        left = made.connection is None, made.errors_occurred, made.health_check_done
        made.close()
        return left

    assert state(tidy) == state(lambda made: made.close_if_unusable_or_obsolete())


def test_a_backend_that_looks_for_itself_is_asked(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    made = unopened("default", {})
    made.ensure_connection()
    monkeypatch.setattr(type(made), "close_if_unusable_or_obsolete", lambda self: self.close())
    assert tidy(made)
    assert made.connection is None
