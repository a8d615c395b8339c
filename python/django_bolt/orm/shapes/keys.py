"""Which arguments of a query belong to its shape, and which are values that may be different each time.

Nothing here may know how a query is built or compiled.
"""

from __future__ import annotations

import copy
import datetime
import decimal
import uuid
from collections.abc import Hashable, Iterator
from typing import Any

from django.db.models import Model, Q
from django.utils.safestring import SafeString

__all__ = ["condition", "condition_key", "kept", "names_key"]

# What a value's SQL depends on is its type alone; lookups are asked for the SQL of each value all the same.
_VALUES = frozenset(
    {
        str, SafeString, int, float, bytes, decimal.Decimal, uuid.UUID,
        datetime.datetime, datetime.date, datetime.time, datetime.timedelta,
    }
)  # fmt: skip
_COLLECTIONS = frozenset({list, tuple, set, frozenset})


def condition_key(condition: Any, values: list[Any]) -> Hashable | None:
    """Return the shape of a `Q`, and append its values in the order in which Django visits them.

    None for what is no plain tree of lookups and values: an expression or a subquery builds SQL of its own.
    """
    if type(condition) is not Q:
        return None
    children: list[Hashable] = [condition.negated, condition.connector]
    for child in condition.children:
        if type(child) is tuple:
            name, value = child
            if type(value) in _VALUES:
                values.append(value)
                kind: Hashable = type(value)
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
    if kind in _COLLECTIONS and all(type(item) in _VALUES for item in value):
        # The caller may change it before the query runs.
        own = kind(value)
        values.append(own)
        return kind if kind is not set or list(own) == list(value) else _NO_VALUE
    if kind is not bool and not isinstance(value, Model):
        return _NO_VALUE
    values.append(value)
    # A truth value may be in the SQL (NOT is_active), or a value beside it. The class is not the type where an instance
    # is lazy, as `request.user` is.
    return value if kind is bool else value.__class__


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


def kept(value: Any) -> Any:
    """Return a value as it is now: an instance's key is set when it is saved, and gone when it is deleted."""
    if type(value) in _VALUES or not isinstance(value, Model):
        return value
    if type(value) is not value.__class__:
        return copy.copy(value)
    own = object.__new__(type(value))
    own.__dict__.update(value.__dict__)
    return own


def names_key(names: Any) -> Hashable | None:
    """Return names of fields as they belong to a shape; None where there is anything but names."""
    names = tuple(names)
    return names if not names or {*map(type, names)} == {str} else None
