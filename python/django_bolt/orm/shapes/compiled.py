"""The SQL of a shape, compiled once for each database, and the compiler that only puts values into it.

Everything but `as_sql()` is Django's own: cursors, converters, what a row becomes.
Nothing here may know which calls led to a query.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db.models.expressions import Col
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler

from django_bolt.orm.djangos import is_djangos
from django_bolt.orm.shapes.converters import kept_converters
from django_bolt.orm.shapes.lookups import PARTS, SAFE, SECOND
from django_bolt.orm.shapes.shape import Shape, Slot

if TYPE_CHECKING:
    from django_bolt.orm.shapes.recorded import RecordedQuery

__all__ = ["Compiled", "compiler_for", "condition_of"]

_TOKEN = re.compile(f"\0([0-9]+)\0(?: AND {SECOND})?")


class Compiled:
    """What a compiler knows of a shape.

    `pieces`: the SQL around the values, up to LIMIT; `numbers`: which value stands between two pieces; `constants`:
    the parameters in each piece that are always the same. `state`: the attributes that compiling leaves behind and
    that reading rows asks for.
    """

    __slots__ = ("_sliced", "constants", "kind", "numbers", "pieces", "state", "usual")

    def __init__(self, sql: str, parameters: Any, kind: type[SQLCompiler], state: dict[str, Any]) -> None:
        parts = _TOKEN.split(sql)
        self.pieces = tuple(parts[::2])
        self.numbers = tuple(map(int, parts[1::2]))
        constants: list[list[Any]] = [[]]
        for parameter in parameters:
            if type(parameter) is Slot:
                constants.append([])
            else:
                constants[-1].append(parameter)
        self.constants = constants if any(constants) else None
        self.usual = "%s".join(self.pieces)
        """The SQL where each value is one parameter, as it nearly always is."""
        self.kind = kind
        self.state = state
        self._sliced: dict[tuple[int, int | None], str] = {}

    def bind(self, lookups: Any, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return SQL and parameters. Raises `EmptyResultSet` or `FullResultSet` where a value is out of range."""
        constants = self.constants
        values: list[Any] = [] if constants is None else constants[0][:]
        texts = []
        for place, number in enumerate(self.numbers, 1):
            sql, parameters = _value(lookups[number], compiler, connection)
            texts.append(sql)
            values.extend(parameters)
            if constants is not None:
                values.extend(constants[place])
        if texts.count("%s") == len(texts):
            return self.usual, tuple(values)
        sql = "".join(part for pair in zip(self.pieces, [*texts, ""], strict=True) for part in pair)
        return sql, tuple(values)

    def slice(self, sql: str, limits: tuple[int, int | None], connection: Any) -> str:
        """Return the SQL for a slice of the rows."""
        if sql is not self.usual:
            return f"{sql} {connection.ops.limit_offset_sql(*limits)}"
        # The same few pages again and again; a string that is known by its hash also spares the driver some work.
        sliced = self._sliced.get(limits)
        if sliced is None:
            if len(self._sliced) == _MOST_SLICES:
                self._sliced.clear()
            sliced = self._sliced[limits] = f"{sql} {connection.ops.limit_offset_sql(*limits)}"
        return sliced


_MOST_SLICES = 16


def _value(lookup: Any, compiler: SQLCompiler, connection: Any) -> tuple[str, Any]:
    sql, parameters = lookup.process_rhs(compiler, connection)
    # The two ends of a range are two texts.
    return sql if type(sql) is str else f"{sql[0]} AND {sql[1]}", parameters


class Prepared(SQLCompiler):
    """A compiler of a query whose shape is compiled."""

    known: Compiled

    def as_sql(self, with_limits: bool = True, with_col_aliases: bool = False) -> Any:
        """Return SQL and parameters, as Django's compiler does."""
        query: Any = self.query
        lookups = query.__dict__.get("_lookups")
        if lookups is None or with_col_aliases:
            # It is Django's own query by now, or is to be nested in another one.
            return super().as_sql(with_limits=with_limits, with_col_aliases=with_col_aliases)
        try:
            sql, values = self.known.bind(lookups, self, self.connection)
        except (EmptyResultSet, FullResultSet):
            return super().as_sql(with_limits=with_limits)
        if with_limits and (limits := query._limits) is not None:
            sql = self.known.slice(sql, limits, self.connection)
        return sql, values

    def has_composite_fields(self, expressions: Any) -> bool:
        """Return False: such columns are not compiled here."""
        return False

    def get_converters(self, expressions: Any) -> Any:
        """Return what converts the values of rows, found once for each connection."""
        known = self.known
        if self.select is not known.state["select"]:
            return super().get_converters(expressions)
        return kept_converters(self.connection, known, super().get_converters, expressions)


class Watching(SQLCompiler):
    """A compiler that notes whether the SQL follows from the shape alone."""

    follows = True

    def compile(self, node: Any) -> Any:
        """Compile a part of the query."""
        kind = type(node)
        if kind in SAFE:
            # Any other lookup was made by something that looked up a value by itself.
            self.follows = self.follows and "process_rhs" in node.__dict__
        elif kind not in PARTS:
            self.follows = False
        return super().compile(node)


@cache
def _watching(kind: type[SQLCompiler]) -> type[Watching]:
    return type("Watching", (Watching, kind), {})


@cache
def _prepared(kind: type[SQLCompiler]) -> type[Prepared]:
    return type("Prepared", (Prepared, kind), {})


def compiler_for(query: RecordedQuery, shape: Shape, connection: Any, using: str) -> SQLCompiler | None:
    """Return the compiler for a query of a shape, None where Django's is to be used."""
    known = shape.compiled.get(using, _UNKNOWN)
    if known is _UNKNOWN:
        try:
            known = _checked(query, _learn(shape, connection, using), connection, using)
        except EmptyResultSet:
            # It has no rows, and no SQL to compare with.
            return None
        shape.compiled[using] = known
    return None if known is None else _prepare(known, query, connection, using)


_UNKNOWN: Any = object()


def _checked(query: RecordedQuery, known: Compiled | None, connection: Any, using: str) -> Compiled | None:
    """Return what was learned, None where it is not what Django makes of this query."""
    if known is None:
        return None
    expected = query.as_django().get_compiler(using).as_sql()
    return known if _prepare(known, query, connection, using).as_sql() == expected else None


def _prepare(known: Compiled, query: RecordedQuery, connection: Any, using: str) -> SQLCompiler:
    compiler: Any = object.__new__(known.kind)
    compiler.__dict__ = {**known.state, "query": query, "connection": connection, "using": using, "known": known}
    return compiler  # type: ignore[no-any-return]


def _learn(shape: Shape, connection: Any, using: str) -> Compiled | None:
    """Compile a shape; None where its SQL does not follow from it alone."""
    if _has_values_in_sql(connection):
        return None
    kind = connection.ops.compiler(Query.compiler)
    compiler = _watching(kind)(shape.query.chain(), connection, using)
    try:
        compiled: Any = compiler.as_sql(with_limits=False)
    except EmptyResultSet:
        return None
    columns = (column for column, *_ in compiler.select or () if type(column) is Col)
    # A field of the project's own may look at anything when it is selected.
    if not all(is_djangos(column.output_field.select_format) for column in columns):
        return None
    state = {name: value for name, value in compiler.__dict__.items() if name not in _OF_ONE_QUERY}
    return _whole(shape, compiler, compiled, _prepared(kind), state)


def _has_values_in_sql(connection: Any) -> bool:
    """Tell of a database that takes '' for NULL, or splits long lists: Oracle does both, and is not alone in either."""
    return bool(connection.features.interprets_empty_strings_as_nulls or connection.ops.max_in_list_size() is not None)


def condition_of(shape: Shape, connection: Any, using: str) -> Compiled | None:
    """Compile the condition of a shape; None where its SQL does not follow from it alone, or it has none."""
    if _has_values_in_sql(connection):
        return None
    kind = connection.ops.compiler(Query.compiler)
    query = shape.query.chain()
    query.get_initial_alias()
    compiler = _watching(kind)(query, connection, using)
    try:
        compiled: Any = compiler.compile(query.where)
    except (EmptyResultSet, FullResultSet):
        return None
    return _whole(shape, compiler, compiled, kind, {})


def _whole(
    shape: Shape, compiler: Watching, compiled: Any, kind: type[SQLCompiler], state: dict[str, Any]
) -> Compiled | None:
    """Return what was compiled, None where any value but those that a key tells is not a parameter of its own."""
    if not compiler.follows:
        return None
    sql, parameters = compiled
    known = Compiled(sql, parameters, kind, state)
    slots: list[Any] = [parameter for parameter in parameters if type(parameter) is Slot]
    if known.numbers != tuple(slot.number for slot in slots) or not shape.free.issubset(known.numbers):
        return None
    return known


_OF_ONE_QUERY = frozenset({"query", "connection", "using", "follows", "where", "having", "qualify"})
