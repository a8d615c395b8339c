"""A bridge on the test's own loop, over a SQLite file: what a worker has, without a server around it."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from django_bolt._runtime.threads import Threads
from django_bolt.orm.bridge import Bridge, register, unregister
from django_bolt.orm.connections import Pool, close_ended_connections, close_thread_connections, unopened
from django_bolt.orm.entry import install
from django_bolt.orm.pools import Pools
from tests.testapp.models import Item, Tag

Carry = Callable[..., AbstractAsyncContextManager[Bridge]]


class File:
    """A SQLite file with the tables of `Item` and `Tag`, looked at and changed past Django."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def connect(self) -> Any:
        """Return a connection of sqlite3's own, closed behind the block."""
        return contextlib.closing(sqlite3.connect(self.path, isolation_level=None, timeout=0))

    def names(self) -> list[str]:
        """Return the committed rows' names in the order they were made."""
        with self.connect() as connection:
            return [name for (name,) in connection.execute("SELECT name FROM testapp_item ORDER BY id")]

    def add(self, *names: str) -> None:
        """Commit rows."""
        with self.connect() as connection:
            for name in names:
                connection.execute(
                    "INSERT INTO testapp_item (name, price, created) VALUES (?, 0, '2020-01-01')", [name]
                )


def use_file(monkeypatch: pytest.MonkeyPatch, alias: str, path: Path, **options: Any) -> File:
    """Make an alias a new SQLite file with the tables of `Item` and `Tag`."""
    # The disk is not what is tested, and may be busy.
    quick = {"init_command": "PRAGMA synchronous=OFF"}
    settings = {**connections.settings["default"], "NAME": str(path), "OPTIONS": quick, **options}
    monkeypatch.setitem(connections.settings, alias, settings)
    with off_the_loop():
        made = unopened(alias, {})
        with made.schema_editor(atomic=False) as editor:
            editor.create_model(Tag)
            editor.create_model(Item)
        made.close()
    return File(path)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_db_blocker: Any) -> Iterator[File]:
    """The default database as a file, for the bridge's connections only: the thread's own stays the tests'."""
    with django_db_blocker.unblock():
        yield use_file(monkeypatch, "default", tmp_path / "db.sqlite3")


@pytest.fixture
def carry(file: File) -> Carry:
    """Return `carry(…)`, a block in which the running loop has a bridge; at its end its pools are back to size."""
    return carrying


@pytest.fixture
async def bridge(carry: Carry) -> AsyncIterator[Bridge]:
    """A bridge with the defaults on the test's loop."""
    async with carry() as made:
        yield made


@contextlib.asynccontextmanager
async def carrying(
    *, mode: str = "inline", size: int = 10, timeout: float = 5.0, threads: int = 0, **options: Any
) -> AsyncIterator[Bridge]:
    """Give the running loop a bridge; `options` are those of `Bridge`."""
    event_loop = asyncio.get_running_loop()
    modes = options.pop("modes", {"default": mode})
    pools = Pools(event_loop, modes=modes, size=size, timeout=timeout)
    after = lambda: close_thread_connections(keep=size > 0)  # noqa: E731
    pool_of_threads = Threads(size=threads, queue=100, before=close_ended_connections, after=after) if threads else None
    made = Bridge(event_loop, pool=pools, timeout=timeout, modes=modes, threads=pool_of_threads, **options)
    install()
    register(made)
    try:
        yield made
        with off_the_loop():
            for pool in pools._pools.values():
                assert_at_rest(pool)
    finally:
        unregister(made)
        with off_the_loop():
            pools.close()
        if pool_of_threads is not None:
            await asyncio.to_thread(end, pool_of_threads, threads)


def end(threads: Threads, size: int) -> None:
    """End the threads, and their connections with them."""
    everywhere = threading.Barrier(size + 1)
    found = {thread for thread in threading.enumerate() if thread.name.startswith("bolt-thread")}

    def leave() -> None:
        close_thread_connections(keep=False)
        everywhere.wait(5)

    for _ in range(size):
        threads.submit(leave)
    everywhere.wait(5)
    threads.close()
    for thread in found:
        thread.join(5)


@contextlib.contextmanager
def off_the_loop() -> Iterator[None]:
    """Let the block be plain synchronous code."""
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(running)


def assert_at_rest(pool: Pool) -> None:
    """Fail unless everything is given back, and clean."""
    assert pool._free == pool._size, f"{pool._size - pool._free} connections were not given back"
    assert not pool._waiting
    assert len(pool._idle) <= pool._size
    assert not any(connection.in_atomic_block or not connection.get_autocommit() for connection in pool._idle)
