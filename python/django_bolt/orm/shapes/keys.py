"""Which arguments of a query belong to its shape, and which are values that may be different each time.

Nothing here may know how a query is built or compiled.
"""

from __future__ import annotations

import datetime
import decimal
import re
import uuid
from collections.abc import Hashable, Iterator
from typing import Any

from django.db.models import F, Model, Q
from django.db.models.expressions import OrderBy, Star
from django.utils.safestring import SafeString

from django_bolt.orm.shapes.lookups import AGGREGATES

__all__ = ["aggregates_key", "columns_key", "condition", "condition_key", "expression_key", "names_key", "ordering_key"]

# What a value's SQL depends on is its type alone; lookups are asked for the SQL of each value all the same.
_VALUES = frozenset(
    {
        str, SafeString, int, float, bytes, decimal.Decimal, uuid.UUID,
        datetime.datetime, datetime.date, datetime.time, datetime.timedelta,
    }
)  # fmt: skip
# What SQL of a project's own may be part of a shape: there is no value in it.
_COLUMN = re.compile(r"""(["`])[^\W\d]\w*\1\.\1[^\W\d]\w*\1""")

_COLLECTIONS = frozenset({list, tuple, set, frozenset})


def condition_key(condition: Any, values: list[Any]) -> Hashable | None:
    """Return the shape of a `Q`, and append its values in the order in which Django visits them.

    None for what is no plain tree of lookups and values: an expression or a subquery builds SQL of its own.
    """
    if type(condition) is not Q or type(condition.negated) is not bool:
        return None
    children: list[Hashable] = [condition.negated, condition.connector]
    for child in condition.children:
        if type(child) is tuple:
            name, value = child
            if type(value) in _VALUES:
                values.append(value)
                kind: Any = type(value)
            else:
                kind = _kind(value, values)
            if kind is _NO_VALUE or type(name) is not str:
                return None
            children.append((name, kind))
        else:
            nested = condition_key(child, values)
            if nested is None:
                return None
            children.append(nested)
    return tuple(children)


_NO_VALUE: Hashable = object()


def _kind(value: Any, values: list[Any]) -> Hashable:
    """Return what a rarer value is to a shape, and append it."""
    kind = type(value)
    if value is None:
        return None
    if kind in _COLLECTIONS:
        kinds = _kinds(value)
        if kinds is None:
            return _NO_VALUE
        values.append(value)
        return kind, kinds
    if kind is not bool and not isinstance(value, Model):
        return _NO_VALUE
    values.append(value)
    # A truth value may be in the SQL (NOT is_active), or a value beside it. The class is not the type where an instance
    # is lazy, as `request.user` is.
    model: Hashable = value.__class__
    return value if kind is bool else model


def _kinds(items: Any) -> Hashable | None:
    """Return what a collection is to a shape; None where it has anything but values, or but instances."""
    kinds: Any = frozenset(map(type, items))
    if kinds <= _VALUES:
        return ()
    # Which models an instance may be of is checked as a query is built.
    return kinds if all(issubclass(kind, Model) for kind in kinds) else None


def condition(key: Any, values: Iterator[Any]) -> Q:
    """Return the `Q` that has a shape and values: the caller's own may have been changed since."""
    negated, connector, *children = key
    made = Q()
    made.connector = connector
    made.negated = negated
    made.children = [
        condition(child, values) if type(child[0]) is bool else (child[0], None if child[1] is None else next(values))
        for child in children
    ]
    return made


def names_key(names: Any) -> Hashable | None:
    """Return names of fields as they belong to a shape; None where there is anything but names."""
    names = tuple(names)
    return names if not names or {*map(type, names)} == {str} else None


def ordering_key(ordering: Any) -> Hashable | None:
    """Return what rows are ordered by as it belongs to a shape; None where there is more than fields."""
    terms = tuple(term if type(term) is str else expression_key(term) for term in ordering)
    return None if None in terms else terms


def columns_key(selected: Any) -> Hashable | None:
    """Return columns selected by SQL as they belong to a shape; None where there is any other SQL."""
    if type(selected) is not dict:
        return None
    columns = tuple(selected.items())
    return columns if all(type(sql) is str and _COLUMN.fullmatch(sql) for _, sql in columns) else None


def aggregates_key(aggregates: Any) -> Hashable | None:
    """Return aggregates, by their names, as they belong to a shape; None where there is anything but plain ones."""
    keys = []
    for name, aggregate in aggregates.items():
        key = expression_key(aggregate)
        if key is None:
            return None
        keys.append((name, key))
    return tuple(keys)


def expression_key(expression: Any) -> Hashable | None:
    """Return a field, an aggregate of one, or an ordering by one, as it belongs to a shape; None for all else."""
    kind = type(expression)
    if kind is F:
        return F, expression.__dict__["name"]
    if kind is OrderBy:
        inner = expression_key(expression.expression)
        if inner is None or not _AN_ORDERING.issuperset(expression.__dict__):
            return None
        return (
            OrderBy,
            inner,
            bool(expression.descending),
            bool(expression.nulls_first),
            bool(expression.nulls_last),
        )
    return _aggregate_key(expression) if kind in AGGREGATES else None


_AN_ORDERING = frozenset(
    {"_constructor_args", "expression", "descending", "nulls_first", "nulls_last", "contains_aggregate"}
)


def _aggregate_key(aggregate: Any) -> Hashable | None:
    key: list[Any] = [type(aggregate)]
    for name, value in aggregate.__dict__.items():
        if name == "distinct" and type(value) is bool:
            key.append(value)
        elif name == "source_expressions" and len(value) == 1:
            source: Any = value[0]
            if type(source) is not Star and type(source) is not F:
                return None
            key.append(source.__dict__["name"] if type(source) is F else Star)
        elif name != "_constructor_args" and value is not None and value != {}:
            # A filter, a default, a type of one's own.
            return None
    return tuple(key)
