"""SQLite on the loop's own thread: a locked database is waited for without sleeping on the thread.

The busy timeout is 0: a statement that finds the database locked is tried again after a pause in which the loop goes
on. With SQLite's own waiting, one task that holds a transaction over an `await` stops a second writer's whole thread
for the length of the timeout, itself included, and the writer fails all the same.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from functools import cache, lru_cache, partial
from typing import Any, TypeVar

from django.db.backends.sqlite3.base import SQLiteCursorWrapper

from django_bolt.orm.call import Call, current_call
from django_bolt.orm.wait_queue import WaitQueue

T = TypeVar("T")

BUSY_TIMEOUT = 5.0
"""Seconds, where `OPTIONS["timeout"]` does not say: sqlite3's default."""

_SHORTEST, _LONGEST = 0.001, 0.025


class WriteLock:
    """Held by the connection of a worker that is in a transaction; others wait in line for at most `timeout` seconds.

    Two deferred transactions that have both read cannot both come to write: SQLite fails one of them.
    """

    def __init__(self, event_loop: asyncio.AbstractEventLoop, *, timeout: float) -> None:
        self._holder: object | None = None
        self._waiting: WaitQueue[object] = WaitQueue(
            event_loop, timeout=timeout, refusal="the database was locked for {:g} s".format, pass_on=self.release
        )

    def acquire(self, holder: object, call: Call) -> None:
        """Return when `holder` has it; raises `ServiceUnavailable` when that takes too long."""
        if self._holder is None:
            self._holder = holder
        if self._holder is holder:
            return
        self._waiting.wait(call, holder)

    def release(self, holder: object) -> None:
        """Hand it to the next in line, if `holder` has it."""
        if self._holder is holder:
            self._holder = self._waiting.grant()


def patient_options(options: dict[str, Any], lock: WriteLock) -> dict[str, Any]:
    """Return the `OPTIONS` of a database whose connections wait on the loop."""
    kind = options.get("factory", sqlite3.Connection)
    patience = float(options.get("timeout", BUSY_TIMEOUT))
    attributes = {"lock": lock, "patience": patience}
    return {**options, "timeout": 0, "factory": type("Connection", (PatientConnection, kind), attributes)}


class PatientConnection(sqlite3.Connection):
    """Retries what finds the database locked for `patience` seconds, and holds `lock` while it is in a transaction."""

    lock: WriteLock
    patience: float

    def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
        """Return a cursor whose statements wait as well."""
        return super().cursor(_patient_cursor(factory))

    def commit(self) -> None:
        """Commit; readers may be in the way."""
        self.retry(super().commit)
        self.lock.release(self)

    def rollback(self) -> None:
        """Roll back."""
        super().rollback()
        self.lock.release(self)

    def close(self) -> None:
        """Close; a transaction is rolled back by that."""
        super().close()
        self.lock.release(self)

    def begin(self) -> None:
        """Wait until no other connection of this worker is in a transaction."""
        call = current_call()
        if call is not None:
            self.lock.acquire(self, call)

    def retry(self, function: Callable[..., T], *args: Any) -> T:
        """Call `function` until it does not find the database locked."""
        try:
            return function(*args)
        except sqlite3.OperationalError as error:
            if not _waits(error):
                raise
        return self.persist(function, *args)

    def persist(self, function: Callable[..., T], *args: Any) -> T:
        """Call `function` after a pause, again and again."""
        call = current_call()
        pause = time.sleep if call is None else call.sleep
        deadline, delay = time.monotonic() + self.patience, _SHORTEST
        while True:
            pause(delay)
            delay = min(delay * 2, _LONGEST)
            try:
                return function(*args)
            except sqlite3.OperationalError as error:
                if not _waits(error) or time.monotonic() > deadline:
                    raise


def _waits(error: sqlite3.OperationalError) -> bool:
    """Tell whether waiting helps: not when a transaction's snapshot is outdated."""
    return error.sqlite_errorname in ("SQLITE_BUSY", "SQLITE_BUSY_RECOVERY", "SQLITE_LOCKED_SHAREDCACHE")


class PatientCursor(sqlite3.Cursor):
    """A cursor of a `PatientConnection`."""

    connection: PatientConnection  # pyright: ignore[reportIncompatibleMethodOverride]
    _uncommitted: tuple[Any, ...] | None = None

    def execute(self, sql: str, *args: Any) -> Any:
        """Execute a statement; a transaction begins when no other one of this worker is open."""
        connection = self.connection
        if sql.startswith("BEGIN"):
            connection.begin()
            try:
                return connection.retry(super().execute, sql, *args)
            except BaseException:
                connection.lock.release(connection)
                raise
        # In autocommit it is the step behind the last row that commits.
        self._uncommitted = None if connection.in_transaction else (sql, *args)
        return connection.retry(super().execute, sql, *args)

    def executemany(self, sql: str, rows: Any) -> Any:
        """Execute a statement for each row."""
        connection = self.connection
        if not connection.in_transaction:
            # Each row is committed by itself: which of them were cannot be told afterwards.
            return super().executemany(sql, rows)
        return connection.retry(super().executemany, sql, list(rows))

    def fetchone(self) -> Any:
        """Return the next row."""
        return self._fetch(super().fetchone)

    def fetchmany(self, *args: Any, **kwargs: Any) -> Any:
        """Return the next rows."""
        return self._fetch(partial(super().fetchmany, *args, **kwargs))

    def fetchall(self) -> Any:
        """Return the rows that are left."""
        return self._fetch(super().fetchall)

    def _fetch(self, fetch: Callable[[], Any]) -> Any:
        statement, self._uncommitted = self._uncommitted, None
        try:
            return fetch()
        except sqlite3.OperationalError as error:
            if statement is None or not _waits(error):
                raise
        # What it did was undone.
        execute = super().execute
        return self.connection.persist(lambda: (execute(*statement), fetch())[1])


@cache
def _patient_cursor(kind: type[sqlite3.Cursor]) -> type[sqlite3.Cursor]:
    """Return a kind of cursor whose statements wait."""
    attributes: dict[str, Any] = {}
    if getattr(kind, "convert_query", None) is SQLiteCursorWrapper.convert_query:
        attributes["convert_query"] = _convert_query
    return type("Cursor", (PatientCursor, kind), attributes)


def _convert_query(cursor: Any, query: str, *, param_names: Any = None) -> Any:
    """Do what Django's method does, once for each short statement: 4 µs for a query of eleven columns."""
    if param_names is None and len(query) <= _SHORT:
        return _converted(query)
    return SQLiteCursorWrapper.convert_query(cursor, query, param_names=param_names)


_SHORT = 4096


@lru_cache(maxsize=512)
def _converted(query: str) -> Any:
    convert: Any = SQLiteCursorWrapper.convert_query
    return convert(None, query)
