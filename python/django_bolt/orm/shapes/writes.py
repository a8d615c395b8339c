"""What an INSERT and an UPDATE have in common: whose SQL follows from the fields, and how it is kept.

Nothing here may know how either is compiled.
"""

from __future__ import annotations

from functools import cache
from typing import Any

__all__ = ["Statement", "is_special", "preparing"]

# Compilers whose SQL is known to be the same for all plain values. Oracle's has some in it, MySQL's UPDATE an order.
_KNOWN = frozenset({"django.db.models.sql.compiler", "django.db.backends.postgresql.compiler"})


class Statement:
    """SQL for the values of some fields. It holds the fields, whose addresses it is found by."""

    __slots__ = ("fields", "sql")

    def __init__(self, sql: Any, fields: tuple[Any, ...]) -> None:
        self.sql = sql
        self.fields = fields


def is_special(field: Any) -> bool:
    """Tell whether a field writes SQL of its own around its values."""
    return hasattr(field, "get_placeholder") or hasattr(field, "get_placeholder_sql")


def preparing(ours: type[Any], connection: Any) -> type[Any] | None:
    """Return our kind of compiler over the database's own, None where only that may compile."""
    if connection.features.interprets_empty_strings_as_nulls:
        return None
    return _over(ours, connection.ops.compiler(ours.__bases__[0].__name__))  # type: ignore[arg-type]


@cache
def _over(ours: type[Any], kind: type[Any]) -> type[Any] | None:
    return type(ours.__name__, (ours, kind), {}) if kind.__module__ in _KNOWN else None
