"""A verify mode of compiled queries: every query is compiled both ways, and a difference raises.

For tests alone: it learns a shape when it is first met, where the package waits for the second time, and compiles each
query twice over.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db.models.sql import InsertQuery

from django_bolt.orm.shapes import compiled, insertions, inserts, shape, updates

__all__ = ["CHECKED", "DifferenceError", "after_at_first_sight", "install"]

CHECKED: dict[str, int] = {"compiled": 0, "django": 0}
"""How many queries were compiled from a shape and compared, and how many others asked for a compiler."""

LEFT_BEHIND = ("klass_info", "annotation_col_map", "col_count", "has_extra_select")


class DifferenceError(BaseException):
    """A compiled query is not what Django makes of the same calls.

    No `Exception`, so that nothing which expects errors takes it for one.
    """


def install() -> None:
    """Have every compiled query compared with Django's from now on."""
    shape.Shape.after = after_at_first_sight  # type: ignore[method-assign]
    _compare()
    _compare_inserts()
    _compare_updates()


_after = shape.Shape.after


def after_at_first_sight(self: Any, call: Any, key: Any, values: Any) -> Any:
    """Stand for `Shape.after`, as if each call had been made before."""
    self.seen(call, key)
    return _after(self, call, key, values)


def _compare() -> None:
    ours = compiled.Prepared.as_sql
    make = compiled.compiler_for

    def as_sql(self: Any, with_limits: bool = True, with_col_aliases: bool = False) -> Any:
        query = self.query
        if query.__dict__.get("_lookups") is None or with_col_aliases:
            return ours(self, with_limits=with_limits, with_col_aliases=with_col_aliases)
        theirs = query.as_django().get_compiler(self.using, self.connection)
        expected = outcome(lambda: theirs.as_sql(with_limits=with_limits))
        found = outcome(lambda: ours(self, with_limits=with_limits))
        CHECKED["compiled"] += 1
        same("SQL", with_types(found), with_types(expected), expected)
        if not isinstance(found, Exception):
            same("columns", [columns(self)], [columns(theirs)], expected)
            for name in LEFT_BEHIND:
                same(name, described(getattr(self, name, None)), described(getattr(theirs, name, None)), expected)
        if isinstance(found, Exception):
            raise found
        return found

    def compiler_for(query: Any, of: Any, connection: Any, using: str) -> Any:
        compiler = make(query, of, connection, using)
        CHECKED["django"] += compiler is None
        return compiler

    compiled.Prepared.as_sql = as_sql  # type: ignore[method-assign]
    from django_bolt.orm.shapes import recorded  # noqa: PLC0415  # beside its twin

    recorded.compiler_for = compiler_for


def _compare_inserts() -> None:
    ours = inserts.PreparedInsert.as_sql

    def as_sql(self: Any) -> Any:
        found = ours(self)
        if self._statement is not None:
            given = self.query
            _compare_insert(given.model, given.fields, given.objs, self.connection, self.returning_fields, found)
        return found

    inserts.PreparedInsert.as_sql = as_sql  # type: ignore[method-assign]
    values_of = insertions.Insertion.values

    def values(self: Any, instance: Any, connection: Any) -> Any:
        found = values_of(self, instance, connection)
        statement = self._statements[(connection.alias, *self._key)]
        if found is not None:
            made = [(statement.sql, found)]
            _compare_insert(self.model, self._fields, [instance], connection, self._returned, made)
        return found

    insertions.Insertion.values = values  # type: ignore[method-assign]


def _compare_insert(
    model: Any, fields: Any, instances: Any, connection: Any, returning_fields: Any, found: Any
) -> None:
    query = InsertQuery(model)
    query.insert_values(fields, instances)
    theirs = query.get_compiler(connection=connection)
    theirs.returning_fields = returning_fields
    # Fields were asked for their values, and may not be asked twice.
    theirs.pre_save_val = lambda field, instance: getattr(instance, field.attname)
    expected = theirs.as_sql()
    CHECKED["compiled"] += 1
    same("SQL", [*map(with_types, found)], [*map(with_types, expected)], expected)


def _compare_updates() -> None:
    ours = updates.PreparedUpdate.as_sql

    def as_sql(self: Any) -> Any:
        query = self.query
        if "_recorded" not in query.__dict__:
            return ours(self)
        theirs = query.as_django().get_compiler(self.using)
        theirs.returning_fields = getattr(self, "returning_fields", None)
        expected = outcome(theirs.as_sql)
        found = outcome(lambda: ours(self))
        CHECKED["compiled"] += 1
        same("SQL", with_types(found), with_types(expected), expected)
        if isinstance(found, Exception):
            raise found
        return found

    updates.PreparedUpdate.as_sql = as_sql  # type: ignore[method-assign]


def outcome(compile_it: Any) -> Any:
    """Return SQL and parameters, or what was raised in their place."""
    try:
        return compile_it()
    except (EmptyResultSet, FullResultSet) as error:
        return error


def with_types(result: Any) -> Any:
    """Return SQL and parameters as something that is equal only where the types are as well."""
    if isinstance(result, Exception):
        return type(result)
    sql, values = result
    return (
        sql,
        type(values),
        [(type(value), bytes(value) if type(value) is memoryview else repr(value)) for value in values],
    )


def columns(compiler: Any) -> list[tuple[Any, ...]]:
    """Return what is selected."""
    return [(described(column), sql, alias) for column, sql, alias in compiler.select]


def described(value: Any) -> Any:
    """Return what a compiler leaves behind as something to compare."""
    if isinstance(value, dict):
        return {name: described(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [described(item) for item in value]
    if hasattr(value, "func") and hasattr(value, "args"):
        return (described(value.func), described(value.args))
    if hasattr(value, "__code__"):
        return (value.__code__, [described(cell.cell_contents) for cell in value.__closure__ or ()])
    if hasattr(value, "alias") and hasattr(value, "target"):
        # Equality of columns is that of their fields, which are equal across the models of a hierarchy.
        return (type(value), value.alias, id(value.target), id(value.output_field))
    return value


def same(what: str, found: Any, expected: Any, query: Any) -> None:
    """Raise where they are not equal."""
    if found != expected:
        raise DifferenceError(f"{what} of {query}:\nfound    {found}\nexpected {expected}")
