"""Where QuerySets begin with a query that notes."""

from __future__ import annotations

from typing import Any

from django.core.signals import setting_changed
from django.db.models import QuerySet

from django_bolt.orm.shapes.recorded import RecordedQuery
from django_bolt.orm.shapes.shape import forget

__all__ = ["install"]

_init = QuerySet.__init__


def _begin(self: Any, model: Any = None, query: Any = None, using: Any = None, hints: Any = None) -> None:
    _init(self, model, RecordedQuery(model) if query is None and model is not None else query, using, hints)


def install() -> None:
    """Have every QuerySet begin with a query that notes; doing it twice changes nothing."""
    QuerySet.__init__ = _begin  # type: ignore[method-assign]
    setting_changed.connect(_changed, dispatch_uid="django_bolt.shapes")


def _changed(**_: Any) -> None:
    forget()
