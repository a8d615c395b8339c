"""What came of a query: its rows or its exception, and the statements that it sent, for comparing two ways to one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model, QuerySet, sql
from django.db.models.sql import Query
from django.db.models.sql.subqueries import InsertQuery

from django_bolt.orm.shapes import compiled, insertions, install, shape
from scripts.verified_queries import after_at_first_sight

__all__ = ["assert_compiled", "both_ways", "counting_compiled", "learning_at_once", "outcome", "plain", "undone"]


@contextmanager
def plain() -> Iterator[None]:
    """Have Django build and compile every query that begins meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(install, "RecordedQuery", Query)
        patch.setattr(sql, "InsertQuery", InsertQuery)
        patch.setattr(Model, "_save_table", insertions._save_table)
        yield


@contextmanager
def counting_compiled() -> Iterator[list[str]]:
    """Note the SQL of queries that were compiled before."""
    made: list[str] = []
    bind = compiled.Compiled.bind

    def noting(self: Any, *arguments: Any) -> Any:
        sql, values = bind(self, *arguments)
        made.append(sql)
        return sql, values

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled.Compiled, "bind", noting)
        yield made


def outcome(make: Callable[[], Any]) -> tuple[str, list[tuple[str, str]]]:
    """Return what comes of a call, and the statements sent for it with their parameters."""
    sent: list[tuple[str, str]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        sent.append((sql, repr([(type(value), shown(value)) for value in params or ()])))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        try:
            result = shown(make())
        except Exception as error:  # noqa: BLE001  # whatever it is, it is compared
            result = f"{type(error)}: {error}"
    return result, sent


def shown(value: Any) -> str:
    """Return all that can be seen of rows, as text."""
    if isinstance(value, QuerySet):
        value = [*value]
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}({', '.join(map(shown, value))})"
    if isinstance(value, memoryview):
        return repr(bytes(value))
    if isinstance(value, Model):
        related = {name: shown(one) for name, one in sorted(value._state.fields_cache.items())}
        own = {name: held for name, held in value.__dict__.items() if name != "_state"}
        return f"{type(value)} {own} {related} {value._state.db} {value._state.adding}"
    return repr(value)


@contextmanager
def learning_at_once() -> Iterator[None]:
    """Learn a call when it is first made; a chain of many would else take as many turns to be known whole."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shape.Shape, "after", after_at_first_sight)
        yield


def both_ways(make: Callable[[], Any], times: int = 2) -> Any:
    """Compare a call with Django's own, before and after it is learned; return what comes of it."""
    # The memory is bounded, and other tests may have filled it.
    shape.forget()
    with plain():
        expected = outcome(make)
    assert outcome(make) == expected
    with learning_at_once():
        for _ in range(times):
            assert outcome(make) == expected
    return expected


def assert_compiled(run: Callable[[], Any]) -> None:
    """Hold both ways equal, and each statement one that was compiled before."""
    _, statements = both_ways(run, times=12)
    with counting_compiled() as made:
        outcome(run)
    assert len(made) == len(statements) > 0


def undone(make: Callable[[], Any]) -> tuple[str, list[tuple[str, str]]]:
    """Return what comes of a call, and what it sends but for savepoints; nothing of it is left."""
    savepoint: Any = connection.savepoint()
    try:
        result, sent = outcome(make)
    finally:
        connection.needs_rollback = False
        connection.savepoint_rollback(savepoint)
    return result, [pair for pair in sent if "SAVEPOINT" not in pair[0]]
