"""The pools of a worker: one for each database, made when it is first asked for.

What differs between engines is chosen here; nothing here may take a connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from django_bolt.orm.connections import OwnConnections, Pool, unopened
from django_bolt.orm.sqlite import WriteLock, patient_options

_AT_ONCE = 10
"""Connections in use at a time where none is kept."""


class Pools:
    """`pools(alias)`: the pool of a database, by its mode; `size` 0 keeps no connection, `timeout` is in seconds."""

    def __init__(
        self, event_loop: asyncio.AbstractEventLoop, *, modes: Mapping[str, str], size: int, timeout: float
    ) -> None:
        self._event_loop = event_loop
        self._modes = modes
        self._size = size
        self._timeout = timeout
        self._pools: dict[str, Pool] = {}

    def __call__(self, alias: str) -> Pool:
        """Return the pool of a database."""
        pool = self._pools.get(alias)
        if pool is None:
            pool = self._pools[alias] = self._make(alias)
        return pool

    def close(self) -> None:
        """Close the connections that nobody holds; off the loop."""
        for pool in self._pools.values():
            pool.close()

    def _make(self, alias: str) -> Pool:
        mode = self._modes.get(alias)
        options: dict[str, Any] = connections.settings[alias]["OPTIONS"]
        if mode == "inline" and not unopened(alias, options).is_in_memory_db():
            lock = WriteLock(self._event_loop, timeout=self._timeout)
            return self._pool(partial(unopened, alias, patient_options(options, lock)), self._size)
        if mode == "greenlet":
            return self._pool(partial(_postgresql, alias, options), _pool_size(options) or self._size)
        # An engine that only blocks, asked where nobody could tell beforehand, or a database in this thread's memory.
        return OwnConnections(self._event_loop, alias, timeout=self._timeout)

    def _pool(self, make: Callable[[], BaseDatabaseWrapper], size: int) -> Pool:
        return Pool(self._event_loop, make=make, size=size or _AT_ONCE, timeout=self._timeout, keep=self._size > 0)


def own_connections(event_loop: asyncio.AbstractEventLoop, *, timeout: float) -> Pools:
    """Return pools of the calling thread's own connections, for a test."""
    return Pools(event_loop, modes={}, size=1, timeout=timeout)


def _postgresql(alias: str, options: dict[str, Any]) -> BaseDatabaseWrapper:
    from django_bolt.orm.postgresql import Driver  # noqa: PLC0415  # it needs psycopg

    connection: Any = unopened(alias, {name: value for name, value in options.items() if name != "pool"})
    connection.Database = Driver()
    return connection  # type: ignore[no-any-return]


def _pool_size(options: Mapping[str, Any]) -> int | None:
    """Return the size of psycopg's own pool, whose place is taken."""
    pool = options.get("pool")
    if not isinstance(pool, Mapping):
        return None
    size = pool.get("max_size") or pool.get("min_size")
    return int(size) if size else None
