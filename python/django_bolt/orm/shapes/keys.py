"""Which arguments of a query belong to its shape, and which are values that may be different each time.

Nothing here may know how a query is built or compiled.
"""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Hashable
from typing import Any

from django.db.models import Model, Q
from django.utils.safestring import SafeString

__all__ = ["condition_key", "names_key"]

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
    children: list[Hashable] = [condition.connector, condition.negated]
    for child in condition.children:
        if type(child) is tuple:
            name, value = child
            kind = type(value)
            if kind in _VALUES or isinstance(value, Model):
                values.append(value)
                children.append((name, kind))
            elif value is None:
                children.append((name, value))
            elif kind is bool:
                # It may be in the SQL (NOT is_active), or a value beside it.
                values.append(value)
                children.append((name, value))
            elif kind in _COLLECTIONS and all(type(item) in _VALUES for item in value):
                values.append(value)
                children.append((name, kind))
            else:
                return None
        else:
            nested = condition_key(child, values)
            if nested is None:
                return None
            children.append(nested)
    return tuple(children)


def names_key(names: Any) -> Hashable | None:
    """Return names of fields as they belong to a shape; None where there is anything but names."""
    names = tuple(names)
    return names if not names or {*map(type, names)} == {str} else None
