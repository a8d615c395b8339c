"""Cursors of lent connections do what Django's do: the same errors, and nothing that watches queries is passed by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper
from django.db.utils import IntegrityError, OperationalError, ProgrammingError
from django.test import override_settings

from django_bolt.orm import cursors
from django_bolt.orm.bridge import Bridge
from django_bolt.orm.connections import unopened
from django_bolt.orm.cursors import lent
from tests.traced import traced
from tests.unit.orm.conftest import File

pytestmark = pytest.mark.usefixtures("bridge")


def run(sql: str, params: Any = None, fetch: str = "fetchall") -> Any:
    with connections["default"].cursor() as cursor:
        cursor.execute(sql, params)
        return getattr(cursor, fetch)()


async def test_queries_are_run_in_one_step(bridge: Bridge) -> None:
    def kinds() -> tuple[type, type]:
        connection = connections["default"]
        connection.ensure_connection()
        with connection.cursor() as cursor:
            return type(connection), type(cursor)

    connection, cursor = await bridge.call(kinds)
    assert issubclass(connection, DatabaseWrapper)
    assert connection.__name__ == "DatabaseWrapper"
    assert cursor is cursors._Cursor
    # One that was not opened is opened by Django.
    assert await bridge.call(run, "SELECT 1") == [(1,)]


@pytest.mark.parametrize("fetch", ["fetchone", "fetchmany", "fetchall"])
async def test_rows(bridge: Bridge, fetch: str) -> None:
    sql = "SELECT %s UNION ALL SELECT 2"
    found = await bridge.call(run, sql, [1], fetch)
    assert found == {"fetchone": (1,), "fetchmany": [(1,)], "fetchall": [(1,), (2,)]}[fetch]
    assert await bridge.call(run, "SELECT '%'") == [("%",)]


def failures() -> list[Callable[[], Any]]:
    def unique() -> None:
        with transaction.atomic():
            run("CREATE TEMPORARY TABLE one (id integer PRIMARY KEY)")
            run("INSERT INTO one VALUES (1)")
            run("INSERT INTO one VALUES (1)")

    def broken() -> None:
        with transaction.atomic():
            transaction.set_rollback(True)
            run("SELECT 1")

    def fetched() -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT abs(-9223372036854775808)")
            cursor.fetchall()

    def closed() -> None:
        with connections["default"].cursor() as cursor:
            cursor.close()
            cursor.fetchone()

    return [
        lambda: run("SELECT nothing"),
        lambda: run("SELECT %s", []),
        lambda: run("SELECT %s", [object()]),
        lambda: run("SELECT 1; SELECT 2"),
        unique,
        broken,
        fetched,
        closed,
    ]


@pytest.mark.parametrize("number", range(len(failures())))
async def test_errors_are_django_s(bridge: Bridge, number: int) -> None:
    def failed() -> tuple[Any, ...]:
        connection = connections["default"]
        connection.errors_occurred = False
        try:
            failures()[number]()
        except Exception as error:
            cause = error.__cause__
            return (
                type(error),
                str(error),
                type(cause),
                str(cause),
                error.__context__ is cause,
                connection.errors_occurred,
            )
        raise AssertionError("nothing was raised")

    found = await bridge.call(failed)
    with mock.patch.object(cursors, "_DJANGOS", (None,)):
        assert found == await bridge.call(failed)


async def test_which_errors(bridge: Bridge) -> None:
    for number, kind in ((0, OperationalError), (3, ProgrammingError), (4, IntegrityError)):
        with pytest.raises(kind):
            await bridge.call(failures()[number])
    assert await bridge.call(run, "SELECT 1") == [(1,)]


# Whoever watches --------------------------------------------------------------------------------


async def test_wrappers_are_called(bridge: Bridge) -> None:
    seen: list[str] = []

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        seen.append(sql)
        return execute(sql, *rest)

    def watched() -> None:
        with connections["default"].execute_wrapper(watch):
            run("SELECT 1")

    await bridge.call(watched)
    assert seen == ["SELECT 1"]


async def test_queries_are_logged(bridge: Bridge) -> None:
    def logged() -> Any:
        connection = connections["default"]
        connection.ensure_connection()
        with connection.cursor() as cursor:
            assert type(cursor) is CursorDebugWrapper
        run("SELECT 1")
        return [query["sql"] for query in connection.queries]

    with override_settings(DEBUG=True):
        assert await bridge.call(logged) == ["SELECT 1"]


PASSED_BY: list[tuple[Any, str]] = [
    (CursorWrapper, "execute"),
    (CursorWrapper, "_execute"),
    (CursorWrapper, "_execute_with_wrappers"),
    (BaseDatabaseWrapper, "cursor"),
    (BaseDatabaseWrapper, "_cursor"),
    (BaseDatabaseWrapper, "make_cursor"),
]


@pytest.mark.parametrize(("owner", "name"), PASSED_BY)
async def test_what_a_package_puts_in_the_place_of_django_s_is_called(bridge: Bridge, owner: Any, name: str) -> None:
    await bridge.call(run, "SELECT 1")
    before = getattr(owner, name)
    with mock.patch.object(owner, name, autospec=True, side_effect=before) as patched:
        assert await bridge.call(run, "SELECT 1") == [(1,)]
        assert patched.called
    patched.reset_mock()
    assert await bridge.call(run, "SELECT 1") == [(1,)]
    assert not patched.called


@pytest.mark.parametrize(("owner", "name"), PASSED_BY)
async def test_what_a_tracer_puts_there_is_called(bridge: Bridge, owner: Any, name: str) -> None:
    """Its wrapper is equal to what it wraps."""
    await bridge.call(run, "SELECT 1")
    called: list[Any] = []
    with mock.patch.object(owner, name, traced(getattr(owner, name), called)):
        assert await bridge.call(run, "SELECT 1") == [(1,)]
    assert called == [name]


def test_a_backend_with_cursors_of_its_own_is_left_alone() -> None:
    class Own(DatabaseWrapper):
        def make_cursor(self, cursor: Any) -> Any:
            return super().make_cursor(cursor)

    assert lent(Own) is Own
    assert lent(DatabaseWrapper) is lent(DatabaseWrapper)


async def test_code_on_the_loop_may_not_block_it(file: File) -> None:
    connection = unopened("default", {})
    connection.connection = object()
    with pytest.raises(SynchronousOnlyOperation):
        connection.cursor()


def test_postgresql_s_backend_is_known() -> None:
    postgresql = pytest.importorskip("django.db.backends.postgresql.base", exc_type=ImportError)
    assert lent(postgresql.DatabaseWrapper) is not postgresql.DatabaseWrapper
