"""Where QuerySets begin with a query that notes, and what writes becomes one that is compiled once."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.core.signals import setting_changed
from django.db.models import Model, QuerySet, sql
from django.db.models.options import Options
from django.db.models.query_utils import RegisterLookupMixin

from django_bolt.orm.shapes.insertions import save_table
from django_bolt.orm.shapes.inserts import NotedInsert
from django_bolt.orm.shapes.recorded import CHAINED, RecordedQuery
from django_bolt.orm.shapes.shape import forget
from django_bolt.orm.shapes.updates import NotedUpdate

__all__ = ["install"]

_init = QuerySet.__init__


def _begin(self: Any, model: Any = None, query: Any = None, using: Any = None, hints: Any = None) -> None:
    _init(self, model, RecordedQuery(model) if query is None and model is not None else query, using, hints)


def install() -> None:
    """Have every QuerySet begin with a query that notes; doing it twice changes nothing."""
    QuerySet.__init__ = _begin  # type: ignore[method-assign]
    sql.InsertQuery = NotedInsert  # type: ignore[misc, assignment]
    Model._save_table = save_table  # type: ignore[attr-defined]
    CHAINED[sql.UpdateQuery] = NotedUpdate
    setting_changed.connect(_changed, dispatch_uid="django_bolt.shapes")
    # A model that gets another table, ordering or field: any other may join it, or be ordered by it.
    Options.__setattr__ = _set_option  # type: ignore[method-assign]
    for registration in ("register_lookup", "_unregister_lookup"):
        either: Any = vars(RegisterLookupMixin)[registration]
        either.class_method = _forgetting(either.class_method)
        either.instance_method = _forgetting(either.instance_method)


def _changed(**_: Any) -> None:
    forget()


def _set_option(self: Any, name: str, value: Any) -> None:
    object.__setattr__(self, name, value)
    forget()


def _forgetting(register: Any) -> Any:
    """Return a method that begins anew once it is done."""
    if hasattr(register, "_django_bolt_forgets"):
        return register

    @wraps(register)
    def method(*arguments: Any, **options: Any) -> Any:
        try:
            return register(*arguments, **options)
        finally:
            forget()

    method._django_bolt_forgets = True  # type: ignore[attr-defined]
    return method
