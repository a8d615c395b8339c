"""What converts the values of rows, found once for each connection, which the converters belong to.

Nothing here may know what is converted.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from django_bolt.orm.shapes.shape import MOST_CALLS

__all__ = ["has_none", "kept_converters"]


def kept_converters(connection: Any, statement: Hashable, find: Callable[[Any], Any], expressions: Any) -> Any:
    """Return the converters of a statement's expressions, asking `find(expressions)` the first time."""
    kept: dict[Hashable, Any] = connection.__dict__.setdefault("_django_bolt_converters", {})
    try:
        return kept[statement]
    except KeyError:
        if len(kept) >= MOST_CALLS:
            # Those of shapes forgotten since stay here.
            kept.clear()
        kept[statement] = converters = find(expressions)
        return converters


def has_none(connection: Any, statement: Hashable) -> bool:
    """Tell whether a statement's expressions are known to need no converter."""
    kept: dict[Hashable, object] | None = connection.__dict__.get("_django_bolt_converters")
    return kept is not None and kept.get(statement) == {}
