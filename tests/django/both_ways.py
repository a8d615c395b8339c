"""Runs a query as Django compiles it and as shapes do, and compares all that the database and the caller see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from django_bolt.orm.shapes import install
from django_bolt.orm.shapes.compiled import Prepared
from django_bolt.orm.shapes.recorded import RecordedQuery
from django_bolt.orm.shapes.shape import forget

TIMES = 8
"""Each call of a chain is learned one time later than the one before."""


def outcome(run: Callable[[], Any]) -> tuple[Any, ...]:
    """Return what a query gives, or its error; the statements, and their parameters with their types."""
    statements: list[Any] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append((sql, type(params), [(type(value), value) for value in params or ()]))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        try:
            result = run()
        except Exception as error:  # noqa: BLE001  # whatever it is, it is to be the same
            return type(error), str(error), statements
    return result, statements


def same(run: Callable[[], Any]) -> tuple[int, int]:
    """Hold both ways equal; return how many statements the last run made, and how many of them of compiled shapes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QuerySet, "__init__", install._init)
        expected = outcome(run)
    install.install()
    forget()
    original: Any = Prepared.as_sql
    for _ in range(TIMES):
        compiled = 0

        def as_sql(self: Any, with_limits: bool = True, with_col_aliases: bool = False) -> Any:
            nonlocal compiled
            compiled += type(self.query) is RecordedQuery
            return original(self, with_limits, with_col_aliases)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Prepared, "as_sql", as_sql)
            found = outcome(run)
        assert found == expected
    return len(expected[-1]), compiled
