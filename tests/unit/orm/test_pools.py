"""Which pool a database has: by its mode, and by whether a second connection would see the same data."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from django.db import connections

from django_bolt.orm.connections import OwnConnections, Pool, thread_connection
from django_bolt.orm.pools import Pools, own_connections
from django_bolt.orm.sqlite import PatientConnection
from tests.unit.orm.conftest import File, off_the_loop


def make(mode: str | None = "inline", *, size: int = 3) -> Pool:
    modes = {} if mode is None else {"default": mode}
    return Pools(asyncio.get_running_loop(), modes=modes, size=size, timeout=1.0)("default")


def options(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    monkeypatch.setitem(connections.settings, "default", {**connections.settings["default"], **changes})


async def test_a_file_has_as_many_connections_as_are_asked_for(file: File) -> None:
    pool = make()
    assert (type(pool), pool._size, pool._keep, pool._waiting._timeout) == (Pool, 3, True, 1.0)
    one, other = pool._make(), pool._make()
    assert one is not other
    assert one.settings_dict["OPTIONS"]["timeout"] == 0
    assert issubclass(one.settings_dict["OPTIONS"]["factory"], PatientConnection)
    assert one.settings_dict["OPTIONS"]["factory"].lock is other.settings_dict["OPTIONS"]["factory"].lock
    assert "factory" not in connections.settings["default"]["OPTIONS"]


async def test_none_kept_still_means_some_at_a_time(file: File) -> None:
    pool = make(size=0)
    assert (pool._size, pool._keep) == (10, False)


@pytest.mark.parametrize("name", [":memory:", "file:x?mode=memory&cache=shared"])
async def test_a_database_in_memory_is_the_thread_s(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    options(monkeypatch, NAME=name)
    assert type(make()) is OwnConnections


@pytest.mark.parametrize("mode", ["thread", None])
async def test_what_only_blocks_has_the_thread_s_own(file: File, mode: str | None) -> None:
    pool = make(mode)
    assert type(pool) is OwnConnections
    assert pool._size == 1


async def test_a_pool_is_made_once(file: File) -> None:
    pools = Pools(asyncio.get_running_loop(), modes={"default": "inline"}, size=1, timeout=1.0)
    assert pools("default") is pools("default")


async def test_own_connections_are_the_calling_thread_s(file: File) -> None:
    pool = own_connections(asyncio.get_running_loop(), timeout=2.0)("default")
    with off_the_loop():
        own = thread_connection("default")
        assert pool.take() is own
        assert pool._free == 0
        pool.give(own)
    assert pool._free == 1


async def test_closing_closes_what_nobody_holds(file: File) -> None:
    pools = Pools(asyncio.get_running_loop(), modes={"default": "inline"}, size=2, timeout=1.0)
    pool = pools("default")
    with off_the_loop():
        one, other = pool.take(), pool.take()
        for connection in (one, other):
            connection.connect()
        pool.give(one)
        pools.close()
        assert one.connection is None
        assert other.connection is not None
        pool.give(other)
        pools.close()
        assert other.connection is None


@pytest.mark.parametrize(
    ("pool", "size"),
    [
        ({"min_size": 2, "max_size": 7}, 7),
        ({"min_size": 2}, 2),
        ({}, 3),
        (True, 3),
        (False, 3),
        (None, 3),
    ],
)
async def test_the_sizes_of_psycopg_s_pool_are_taken_over(
    monkeypatch: pytest.MonkeyPatch, pool: object, size: int
) -> None:
    pytest.importorskip("psycopg")
    given = {} if pool is None else {"pool": pool}
    options(monkeypatch, ENGINE="django.db.backends.postgresql", NAME="x", OPTIONS=given)
    found = make("greenlet")
    assert found._size == size
    with off_the_loop(), contextlib.closing(found._make()) as connection:
        assert "pool" not in connection.settings_dict["OPTIONS"]
