"""An UPDATE of the rows that a query of a known shape finds, compiled once for each set of fields.

The SQL that is kept is Django's own, around that of the condition; where a value is an expression, or anything else is
asked of the query, it becomes Django's.
Nothing here may know of queries that read.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connections
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLUpdateCompiler

from django_bolt.orm.shapes.compiled import Compiled, condition_of
from django_bolt.orm.shapes.recorded import RecordedQuery, complete
from django_bolt.orm.shapes.shape import may_remember
from django_bolt.orm.shapes.writes import Statement, is_special, preparing

__all__ = ["NotedUpdate"]

_NO_ANNOTATIONS: Any = MappingProxyType({})


class NotedUpdate(UpdateQuery):
    """An UPDATE of what `_recorded` finds. `_cleared`: whether its select clause is."""

    values: list[Any]

    def __init__(self, recorded: RecordedQuery) -> None:
        self.__dict__.update({"model": recorded.model, "_recorded": recorded, "_cleared": False, "values": []})

    def as_django(self) -> UpdateQuery:
        """Return a query of Django's that is equal to this one."""
        query: Any = self._recorded.as_django().chain(UpdateQuery)
        query.values = list(self.values)
        if self._cleared:
            query.clear_select_clause()
        return query  # type: ignore[no-any-return]

    def _build(self) -> UpdateQuery:
        query = self.as_django()
        object.__setattr__(self, "__dict__", query.__dict__)
        object.__setattr__(self, "__class__", UpdateQuery)
        return self

    add_update_values = UpdateQuery.add_update_values

    def add_update_fields(self, values_seq: Any) -> None:
        """Add fields and their values."""
        values_seq = list(values_seq)
        if any(hasattr(value, "resolve_expression") for _, _, value in values_seq):
            self._build().add_update_fields(values_seq)
        else:
            self.values.extend(item for item in values_seq if not item[0].generated)

    def clear_select_clause(self) -> None:
        """Select nothing."""
        self.__dict__["_cleared"] = True

    def get_related_updates(self) -> list[Any]:
        """Return the updates of parents' tables."""
        return []

    def get_compiler(self, using: Any = None, connection: Any = None, elide_empty: bool = True) -> Any:
        """Return what compiles and runs the query."""
        if using and connection is None and not self._recorded._shape.is_outdated:
            connection = connections[using]
            kind = preparing(PreparedUpdate, connection)
            if kind is not None:
                return kind(self, connection, using, elide_empty)
        return self._build().get_compiler(using, connection, elide_empty)

    def get_meta(self) -> Any:
        """Return the options of the model."""
        model: Any = self.model
        return model._meta

    @property
    def annotations(self) -> Any:  # type: ignore[override]
        """What is selected besides columns: nothing."""
        return _NO_ANNOTATIONS

    @property
    def order_by(self) -> Any:  # type: ignore[override]
        """What the rows are ordered by."""
        return self._recorded.order_by

    def __setattr__(self, name: str, value: Any) -> None:
        # What a QuerySet sets before it asks for the compiler.
        if not (name == "annotations" and value == {}) and not (name == "order_by" and value == self.order_by):
            self._build()
            setattr(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        self._build()
        return getattr(self, name)

    def __reduce_ex__(self, protocol: Any) -> Any:
        self._build()
        return self.__reduce_ex__(protocol)


complete(NotedUpdate)


class PreparedUpdate(SQLUpdateCompiler):
    """A compiler that compiles an UPDATE only where that was not done before."""

    def as_sql(self) -> Any:  # type: ignore[override]
        """Return SQL and parameters, as Django's compiler does."""
        query: Any = self.query
        recorded = query.__dict__.get("_recorded")
        if recorded is None:
            return super().as_sql()
        fields = [field for field, _, _ in query.values]
        returning = getattr(self, "returning_fields", None) or ()
        condition = _condition(recorded._shape, self.connection, self.using)
        if condition is None or not fields or not all(_is_plain(value) for _, _, value in query.values):
            return self._as_django()
        values = [field.get_db_prep_save(value, connection=self.connection) for field, _, value in query.values]
        nulls = [number for number, value in enumerate(values) if value is None]
        try:
            where, found = condition.bind(recorded._lookups, self, self.connection)
        except (EmptyResultSet, FullResultSet):
            return self._as_django()
        key = (self.using, *map(id, fields), None, *map(id, returning), None, *nulls)
        statements = recorded._shape.updates
        try:
            head, tail, has_nulls, usual = statements[key].sql
        except KeyError:
            sql, parameters = self._as_django()
            parts = _parts(sql, parameters, where, found, values)
            plain = not (getattr(self, "returning_params", ()) or any(map(is_special, fields)))
            if parts is not None and plain and may_remember():
                head, tail, has_nulls = parts
                usual = f"{head}{condition.usual}{tail}"
                statements[key] = Statement((head, tail, has_nulls, usual), (*fields, *returning))
            return sql, parameters
        if any(hasattr(value, "as_sql") for value in values):
            return self._as_django()
        if not has_nulls:
            values = [value for value in values if value is not None]
        # A string that is known by its hash spares the driver some work.
        sql = usual if where is condition.usual else f"{head}{where}{tail}"
        return sql, (*values, *found)

    def _as_django(self) -> Any:
        query: Any = self.query
        query._build()
        return super().as_sql()


def _is_plain(value: Any) -> bool:
    return not (hasattr(value, "resolve_expression") or hasattr(value, "prepare_database_save"))


def _condition(shape: Any, connection: Any, using: Any) -> Compiled | None:
    kept: dict[str, Compiled | None] = shape.conditions
    try:
        return kept[using]
    except KeyError:
        kept[using] = condition = condition_of(shape, connection, using)
        return condition


def _parts(sql: str, parameters: Any, where: str, found: Any, values: list[Any]) -> tuple[str, str, bool] | None:
    """Return Django's SQL before and behind the condition, and whether NULLs are among its parameters.

    None where it is anything but the values, and behind them the condition's.
    """
    given = [value for value in values if value is not None]
    # Django 6.1 has a parameter for a NULL, before that it was in the SQL.
    has_nulls = len(parameters) == len(values) + len(found)
    expected = (*(values if has_nulls else given), *found)
    before, marker, behind = sql.partition(" WHERE ")
    if (
        list(map(type, parameters)) != list(map(type, expected))
        or not marker
        or not behind.startswith(where)
        or any(hasattr(value, "as_sql") for value in values)
    ):
        return None
    tail = behind.removeprefix(where)
    if tail and not tail.startswith(" RETURNING "):
        return None
    return before + marker, tail, has_nulls
