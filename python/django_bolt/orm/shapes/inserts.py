"""The INSERT of one object, compiled once for each set of fields.

Its SQL follows from the fields as long as every value is a plain parameter. Values are prepared by Django's fields, and
the SQL that is kept is Django's own; where a value is an expression Django compiles the query, with what was prepared.
Nothing here may know of queries that read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from typing import Any

from django.db import connections
from django.db.models.expressions import DatabaseDefault
from django.db.models.sql import InsertQuery
from django.db.models.sql.compiler import SQLInsertCompiler

from django_bolt.orm.shapes.converters import kept_converters
from django_bolt.orm.shapes.shape import may_remember, root
from django_bolt.orm.shapes.writes import Statement, is_special, preparing

__all__ = ["NotedInsert", "key_of"]


def key_of(fields: Iterable[Any], returning: Iterable[Any]) -> tuple[Hashable, ...]:
    """Return what tells the INSERT of some fields from others, behind the database; defaults of its own follow."""
    return (*map(id, fields), None, *map(id, returning), None)


class NotedInsert(InsertQuery):
    """An INSERT, which has what only expressions ask for when they do."""

    def __init__(
        self, model: Any, on_conflict: Any = None, update_fields: Any = None, unique_fields: Any = None
    ) -> None:
        self.model = model
        self.fields = []
        self.objs = []
        self.on_conflict = on_conflict
        self.update_fields = update_fields or []
        self.unique_fields = unique_fields or []

    def get_compiler(self, using: Any = None, connection: Any = None, elide_empty: bool = True) -> Any:
        """Return what compiles and runs the query."""
        if using and connection is None:
            connection = connections[using]
            kind = preparing(PreparedInsert, connection)
            if kind is not None:
                return kind(self, connection, using, elide_empty)
        return super().get_compiler(using, connection, elide_empty)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        kept = self.__dict__.copy()
        self.__class__ = InsertQuery  # type: ignore[assignment]
        InsertQuery.__init__(self, kept["model"])
        self.__dict__.update(kept)
        return getattr(self, name)


class PreparedInsert(SQLInsertCompiler):
    """A compiler that compiles the INSERT of one object only where that was not done before."""

    _statement: Statement | None = None
    _compiled = False
    """Whether anything but a plain value had to be compiled."""

    def as_sql(self) -> Any:  # type: ignore[override]
        """Return SQL and parameters, as Django's compiler does."""
        query: Any = self.query
        if len(query.objs) != 1 or query.raw or query.on_conflict is not None or not query.fields:
            return super().as_sql()
        (instance,) = query.objs
        connection = self.connection
        saved: list[Any] = []
        values: list[Any] = []
        defaults = []
        for field in query.fields:
            value = field.pre_save(instance, add=True)
            saved.append(value)
            if hasattr(value, "resolve_expression"):
                if type(value) is not DatabaseDefault or not field.has_db_default():
                    return self._as_django(saved, values)
                defaults.append(id(field))
                continue
            value = field.get_db_prep_save(value, connection=connection)
            values.append(value)
            if hasattr(value, "as_sql"):
                return self._as_django(saved, values)
        returning = self.returning_fields or ()
        key = (self.using, *key_of(query.fields, returning), *defaults)
        statements = root(query.model).inserts
        try:
            statement = statements[key]
        except KeyError:
            made = self._as_django(saved, values)
            if self._follows(made, values) and may_remember():
                statements[key] = Statement(made[0][0], (*query.fields, *returning))
            return made
        self._statement = statement
        return [(statement.sql, tuple(values))]

    def get_converters(self, expressions: Any) -> Any:
        """Return what converts the returned values, found once for each connection."""
        statement = self._statement
        if statement is None:
            return super().get_converters(expressions)
        return kept_converters(self.connection, statement, super().get_converters, expressions)

    def _as_django(self, saved: list[Any], values: list[Any]) -> Any:
        """Have Django compile it with the values that fields were asked for already: they are asked once."""
        self._saved = deque(saved)
        self._values = deque(values)
        return super().as_sql()

    _saved: deque[Any] = deque()
    _values: deque[Any] = deque()

    def pre_save_val(self, field: Any, obj: Any) -> Any:
        """Return a field's value of the object."""
        return self._saved.popleft() if self._saved else super().pre_save_val(field, obj)

    def prepare_value(self, field: Any, value: Any) -> Any:
        """Return a value as the database takes it."""
        if self._values and not hasattr(value, "resolve_expression"):
            return self._values.popleft()
        return super().prepare_value(field, value)

    def compile(self, node: Any) -> Any:
        """Compile an expression."""
        self._compiled = True
        return super().compile(node)

    def _follows(self, made: Any, values: list[Any]) -> bool:
        """Tell whether SQL that Django made is the same for all plain values of these fields."""
        return (
            not self._compiled
            and not self.returning_params
            and len(made) == 1
            and len(made[0][1]) == len(values) > 0
            and all(given is value for given, value in zip(made[0][1], values, strict=True))
            and not any(is_special(field) for field in self.query.fields)
        )
