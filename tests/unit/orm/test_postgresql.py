"""A PostgreSQL connection that waits on a loop: an ordinary asyncio loop carries the bridge here."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connections
from psycopg.pq import TransactionStatus

from django_bolt.orm.bridge import Bridge, register, unregister
from django_bolt.orm.entry import install
from django_bolt.orm.pools import Pools
from django_bolt.orm.postgresql import Driver, PatientConnection
from scripts.postgresql import PostgreSQL

ALIAS = "elsewhere"
SIZE = 2


@pytest.fixture
def database(
    postgresql: PostgreSQL, make_database: Callable[[], str], django_db_blocker: Any
) -> Iterator[dict[str, Any]]:
    """An empty database under an alias of its own, which Django's default database has nothing to do with."""
    entry = postgresql.settings(make_database())
    connections.settings[ALIAS] = connections.configure_settings({"default": {}, ALIAS: entry})[ALIAS]
    with django_db_blocker.unblock():
        yield entry
    if hasattr(connections._connections, ALIAS):
        connections[ALIAS].close()
        del connections[ALIAS]
    del connections.settings[ALIAS]


@pytest.fixture
async def bridge(database: dict[str, Any]) -> AsyncIterator[Bridge]:
    """The test's loop's bridge, with a pool of two connections."""
    event_loop = asyncio.get_running_loop()
    pools = Pools(event_loop, modes={ALIAS: "greenlet"}, size=SIZE, timeout=5)
    install()
    made = Bridge(event_loop, pool=pools, timeout=5, modes={ALIAS: "greenlet"})
    register(made)
    yield made
    await made.call(pools.close)
    unregister(made)


def rows(sql: str, *parameters: Any) -> list[Any]:
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return cursor.fetchall() if cursor.description else []


def own() -> PatientConnection:
    """Return the connection that a call uses."""
    connections[ALIAS].ensure_connection()
    return connections[ALIAS].connection


class Ticks:
    """Counts what the loop does meanwhile, and its longest pause in seconds."""

    async def __aenter__(self) -> Ticks:
        self.longest, self.count = 0.0, 0
        self._task = asyncio.create_task(self._tick())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _tick(self) -> None:
        before = time.monotonic()
        while True:
            await asyncio.sleep(0.005)
            now = time.monotonic()
            self.longest, self.count, before = max(self.longest, now - before), self.count + 1, now


class Way:
    """A way to the server that leads over this very loop, once it is `open`; `left` once somebody who came is gone."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.open, self.left = asyncio.Event(), asyncio.Event()
        self.carrying: set[asyncio.Task[Any] | None] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection to its end."""
        self.carrying.add(asyncio.current_task())
        await self.open.wait()
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(self._carry(reader, back), self._carry(there, writer))
        self.left.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
            writer.close()
            await writer.wait_closed()


@asynccontextmanager
async def slow_way(postgresql: PostgreSQL) -> AsyncIterator[Way]:
    """Lead the alias over a `Way`; its connections have to be closed by the end."""
    way = Way(postgresql.port)
    async with await asyncio.start_server(way.accept, "127.0.0.1", 0) as server:
        settings = connections.settings[ALIAS]
        settings["PORT"] = str(server.sockets[0].getsockname()[1])
        yield way
        settings["PORT"] = str(postgresql.port)
        async with asyncio.timeout(5):
            await asyncio.gather(*filter(None, way.carrying))


async def activity(postgresql: PostgreSQL, database: dict[str, Any], condition: str = "true") -> int:
    sql = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database['NAME']}' AND ({condition})"
    return int(await asyncio.to_thread(postgresql.execute, sql))


async def becomes(count: int, postgresql: PostgreSQL, database: dict[str, Any], condition: str = "true") -> None:
    async with asyncio.timeout(5):
        while await activity(postgresql, database, condition) != count:
            await asyncio.sleep(0.01)


# Waiting ------------------------------------------------------------------------------------------------------------


async def test_the_loop_goes_on_while_a_query_runs(bridge: Bridge) -> None:
    await bridge.call(rows, "SELECT 1")
    async with Ticks() as ticks:
        assert await bridge.call(rows, "SELECT pg_sleep(0.3), 7") == [("", 7)]
    assert ticks.count > 20
    assert ticks.longest < 0.15


async def test_the_loop_goes_on_while_much_is_sent_and_received(bridge: Bridge) -> None:
    text = "x" * 20_000_000
    async with Ticks() as ticks:
        [[length, echo]] = await bridge.call(rows, "SELECT length(v), v FROM (SELECT %s::text AS v) t", text)
    assert length == len(text)
    assert echo == text
    assert ticks.count > 1


async def test_the_loop_goes_on_while_a_connection_is_made(bridge: Bridge, postgresql: PostgreSQL) -> None:
    async with slow_way(postgresql) as way:
        asked = asyncio.create_task(bridge.call(rows, "SELECT 1"))
        await asyncio.sleep(0.1)
        way.open.set()
        assert await asked == [(1,)]
        await bridge.call(bridge.pool(ALIAS).close)


async def test_a_query_that_fails_leaves_its_connection_in_use(bridge: Bridge) -> None:
    with pytest.raises(Exception, match="division by zero"):
        await bridge.call(rows, "SELECT pg_backend_pid(), 1 / 0")
    first = await bridge.call(rows, "SELECT pg_backend_pid()")
    assert await bridge.call(rows, "SELECT pg_backend_pid()") == first


async def test_outside_a_call_it_waits_as_psycopg_does(bridge: Bridge) -> None:
    connection: PatientConnection = await bridge.call(own)
    watched = connection.fileno()
    with connection.cursor() as cursor:
        assert cursor.execute("SELECT 1").fetchall() == [(1,)]
    # Nobody watches what is waited for elsewhere.
    assert asyncio.get_running_loop().remove_reader(watched) is False
    assert await bridge.call(rows, "SELECT 2") == [(2,)]


def test_without_a_loop_the_driver_is_psycopg(database: dict[str, Any], postgresql: PostgreSQL) -> None:
    assert Driver().OperationalError is psycopg.OperationalError
    with Driver().connect(conninfo=postgresql.dsn(database["NAME"])) as connection:
        assert type(connection) is PatientConnection
        assert connection.execute("SELECT 1").fetchone() == (1,)


# Interruptions ------------------------------------------------------------------------------------------------------


async def test_a_cancelled_query_is_stopped_on_the_server(
    bridge: Bridge, postgresql: PostgreSQL, database: dict[str, Any]
) -> None:
    for _ in range(SIZE + 1):
        asked = asyncio.create_task(bridge.call(rows, "SELECT pg_sleep(60)"))
        await becomes(1, postgresql, database, "query LIKE '%pg_sleep%' AND state = 'active'")
        started = time.monotonic()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert time.monotonic() - started < 0.5
        await becomes(0, postgresql, database, "state = 'active'")
    assert await bridge.call(rows, "SELECT 1") == [(1,)]
    await becomes(1, postgresql, database)


async def test_what_is_connected_for_nobody_is_closed(
    bridge: Bridge, postgresql: PostgreSQL, database: dict[str, Any]
) -> None:
    async with slow_way(postgresql) as way:
        asked = asyncio.create_task(bridge.call(rows, "SELECT 1"))
        await asyncio.sleep(0.05)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        way.open.set()
        async with asyncio.timeout(5):
            await way.left.wait()
        await becomes(0, postgresql, database)
        answers = await asyncio.gather(*(bridge.call(rows, "SELECT 1") for _ in range(3 * SIZE)))
        assert answers == [[(1,)]] * (3 * SIZE)
        await becomes(SIZE, postgresql, database)
        await bridge.call(bridge.pool(ALIAS).close)


async def test_a_call_that_is_forgotten_while_it_waits_gives_its_connection_back(
    bridge: Bridge, postgresql: PostgreSQL, database: dict[str, Any]
) -> None:
    for _ in range(SIZE + 1):
        coroutine = bridge.call(rows, "SELECT pg_sleep(60)")
        coroutine.send(None)
        await becomes(1, postgresql, database, "query LIKE '%pg_sleep%' AND state = 'active'")
        coroutine.close()
        del coroutine
        gc.collect()
    assert await bridge.call(rows, "SELECT 1") == [(1,)]
    await becomes(1, postgresql, database)


# Idle connections ---------------------------------------------------------------------------------------------------


async def test_an_idle_connection_that_the_server_ends_is_closed(bridge: Bridge, postgresql: PostgreSQL) -> None:
    await bridge.call(rows, "SELECT 1")
    connection: PatientConnection = await bridge.call(own)
    descriptor = connection.fileno()
    await asyncio.to_thread(postgresql.execute, f"SELECT pg_terminate_backend({connection.info.backend_pid})")
    async with asyncio.timeout(5):
        while not connection.closed:
            await asyncio.sleep(0.01)
    assert asyncio.get_running_loop().remove_reader(descriptor) is False
    assert await bridge.call(rows, "SELECT 1") == [(1,)]
    assert await bridge.call(own) is not connection


async def test_a_notice_does_not_keep_the_loop_busy(
    bridge: Bridge, postgresql: PostgreSQL, database: dict[str, Any]
) -> None:
    await bridge.call(rows, "LISTEN news")
    connection: PatientConnection = await bridge.call(own)
    await asyncio.to_thread(postgresql.execute, "NOTIFY news", database=database["NAME"])
    await asyncio.sleep(0.05)
    started = time.thread_time()
    await asyncio.sleep(0.5)
    assert time.thread_time() - started < 0.1
    assert connection.info.transaction_status == TransactionStatus.IDLE
    assert await bridge.call(own) is connection


async def test_a_descriptor_that_was_closed_behind_its_back_is_watched_anew(bridge: Bridge) -> None:
    connection: PatientConnection = await bridge.call(own)
    connection.pgconn.finish()
    # The next connection is likely to have the same number.
    assert await bridge.call(rows, "SELECT 1") == [(1,)]
    async with Ticks() as ticks:
        assert await bridge.call(rows, "SELECT pg_sleep(0.1), 2") == [("", 2)]
    assert ticks.count > 5


async def test_a_server_that_is_not_there(bridge: Bridge) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    connections.settings[ALIAS]["PORT"] = str(port)
    for _ in range(SIZE + 1):
        with pytest.raises(OperationalError, match="refused"):
            await bridge.call(rows, "SELECT 1")
