"""The row that `Model.save()` adds: what Django finds out about the class each time, found once.

The SQL is that which `inserts` keeps. An object about whose class, fields or values anything is unknown is left to
Django, before anything was done for it. Nothing here may compile.
"""

from __future__ import annotations

from collections.abc import Sequence
from inspect import getattr_static
from typing import Any

from django.db import connections
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.models import Field, Manager, Model, QuerySet, sql
from django.db.models.sql.compiler import SQLInsertCompiler

from django_bolt.orm.djangos import is_djangos
from django_bolt.orm.shapes.converters import has_none
from django_bolt.orm.shapes.inserts import NotedInsert, PreparedInsert, key_of
from django_bolt.orm.shapes.shape import root
from django_bolt.orm.shapes.writes import Statement, is_special, preparing

__all__ = ["save_table"]

_save_table: Any = vars(Model)["_save_table"]


def save_table(
    self: Any,
    raw: bool = False,
    cls: Any = None,
    force_insert: Any = False,
    force_update: bool = False,
    using: Any = None,
    update_fields: Any = None,
) -> Any:
    """Stand for `Model._save_table`: save what one table has of an object; tell whether a row was there."""
    if not (raw or force_update or update_fields) and _add(self, cls, force_insert, using):
        return False
    return _save_table(self, raw, cls, force_insert, force_update, using, update_fields)


def _add(instance: Any, model: Any, force_insert: Any, using: str) -> bool:
    """Add a row for an object of which this is known to be what Django does; False where it is not."""
    known = root(model).insertions
    kind = type(instance)
    try:
        insertions = known[kind]
    except KeyError:
        insertions = known[kind] = Insertions.of(model, kind)
    if insertions is None or not _is_djangos_way(model, kind, instance):
        return False
    primary_key = insertions.primary_key
    key = getattr(instance, primary_key.attname)
    if key is None:
        insertion = insertions.keyless
    elif isinstance(key, tuple):
        # Django looks into it.
        return False
    elif force_insert or (instance._state.adding and primary_key.has_default()):
        insertion = insertions.keyed
    else:
        return False
    return insertion is not None and insertion.add(instance, using)


class Insertions:
    """How rows for objects of one class are added to one table: `keyed` with their primary key, `keyless` without."""

    __slots__ = ("keyed", "keyless", "primary_key")

    def __init__(self, model: Any, kind: Any) -> None:
        meta = model._meta
        self.primary_key = meta.pk
        fields = [field for field in meta.local_concrete_fields if not field.generated]
        self.keyed = Insertion(model, fields, kind)
        self.keyless = None
        others = [field for field in fields if field is not meta.auto_field]
        makes_none = not meta.pk.has_default() and meta.pk.get_default() is None
        if meta.pk is meta.auto_field and makes_none and is_djangos(meta.pk.get_pk_value_on_save) and others:
            self.keyless = Insertion(model, others, kind)

    @classmethod
    def of(cls, model: Any, kind: Any) -> Insertions | None:
        """Return those of objects of the class `kind` in the table of `model`; None where Django is to add them."""
        meta = model._meta
        plain = (
            type(model._base_manager) is Manager
            and len(meta.pk_fields) == 1
            and not meta.order_with_respect_to
            and kind.__setattr__ is object.__setattr__
            and kind.__getattribute__ is object.__getattribute__
            and all(_is_plain(field) for field in meta.local_concrete_fields)
            and all(map(is_djangos, _PASSED_BY))
        )
        return cls(model, kind) if plain else None


class Insertion:
    """An INSERT of some fields of an object. `_asked_first`: whether one may do more than read when it is asked."""

    __slots__ = ("_asked_first", "_fields", "_key", "_returned", "_statements", "model")

    def __init__(self, model: Any, fields: Sequence[Any], kind: Any) -> None:
        self.model = model
        self._fields = fields
        self._asked_first = _ASKS_FIRST and not all(_only_reads(field, kind) for field in fields)
        self._returned = list(model._meta.db_returning_fields)
        self._key = key_of(fields, self._returned)
        self._statements: dict[Any, Statement] = root(model).inserts

    def add(self, instance: Any, using: str) -> bool:
        """Add a row for the object; False where Django is to do it."""
        statement = self._statements.get((using, *self._key))
        if statement is None:
            return False
        connection = connections[using]
        # Whose compiler it is may have changed, of this connection alone.
        compiler = preparing(PreparedInsert, connection)
        if compiler is None or compiler.execute_sql is not _execute_sql:
            return False
        returned = self._returned
        if returned and not (connection.features.can_return_columns_from_insert and has_none(connection, statement)):
            return False
        if self._asked_first:
            # A file that is stored may change the fields before it, and is stored though one of these has no fit value.
            for field in self._fields:
                field.pre_save(instance, True)
        with connection.cursor() as cursor:
            values = self.values(instance, connection)
            if values is None:
                return False
            cursor.execute(statement.sql, values)
            rows = _fetch(connection.ops, cursor) if returned else ()
        if rows:
            for field, value in zip(returned, rows[0], strict=False):
                setattr(instance, field.attname, value)
        return True

    def values(self, instance: Any, connection: Any) -> tuple[Any, ...] | None:
        """Return the parameters; None where one of them is an expression."""
        values = []
        for field in self._fields:
            value = field.pre_save(instance, True)
            if hasattr(value, "resolve_expression"):
                return None
            value = field.get_db_prep_save(value, connection=connection)
            if hasattr(value, "as_sql"):
                return None
            values.append(value)
        return tuple(values)


if hasattr(BaseDatabaseOperations, "fetch_returned_rows"):

    def _fetch(operations: Any, cursor: Any) -> Any:
        return operations.fetch_returned_rows(cursor, ())

else:

    def _fetch(operations: Any, cursor: Any) -> Any:
        return [operations.fetch_returned_insert_columns(cursor, ())]


def _only_reads(field: Any, kind: Any) -> bool:
    """Tell whether a field's value is what an object of a class holds, read by Django."""
    reader = type(getattr_static(kind, field.attname, None))
    return type(field).pre_save is Field.pre_save and reader.__module__.startswith("django.")


# Looked up in `vars`, where a type checker does not miss what Django does not tell of.
_do_insert: Any = vars(Model)["_do_insert"]
_get_pk_val: Any = vars(Model)["_get_pk_val"]
_is_pk_set: Any = vars(Model)["_is_pk_set"]
# New in Django 6.1.
_assign: Any = vars(Model).get("_assign_returned_values")
_get_queryset: Any = Manager.get_queryset
_manager_insert: Any = Manager._insert  # type: ignore[attr-defined]
_queryset_insert: Any = vars(QuerySet)["_insert"]
_execute_sql: Any = SQLInsertCompiler.execute_sql

_ASKS_FIRST = _assign is not None
"""Whether Django asks all fields for their values once before it asks for those that it saves."""

_PASSED_BY = (
    *(_save_table, _do_insert, _get_pk_val, _is_pk_set, _assign),
    *(_get_queryset, _manager_insert, _queryset_insert, _execute_sql),
)


def _is_djangos_way(model: Any, kind: Any, instance: Any) -> bool:
    """Tell whether Django's own code would be called on the way to the INSERT of an object."""
    manager = model._base_manager
    held = manager.__dict__
    return (
        kind._do_insert is _do_insert
        and "_do_insert" not in instance.__dict__
        and kind._get_pk_val is _get_pk_val
        and kind._is_pk_set is _is_pk_set
        and getattr(kind, "_assign_returned_values", None) is _assign
        and manager._queryset_class is QuerySet
        and "_insert" not in held
        and "get_queryset" not in held
        and Manager.get_queryset is _get_queryset
        and Manager._insert is _manager_insert  # type: ignore[attr-defined]
        and QuerySet._insert is _queryset_insert  # type: ignore[attr-defined]
        and sql.InsertQuery is NotedInsert
    )


def _is_plain(field: Any) -> bool:
    """Tell whether a field's value becomes one parameter, and may be asked for once where Django may ask twice."""
    asked = field.pre_save, field.get_db_prep_save
    return all(map(is_djangos, asked)) and not field.has_db_default() and not is_special(field)
