"""How the rows of a QuerySet are read for a type: as tuples of columns where that is all the type names.

A tuple costs half of what an instance does, so it is taken wherever nobody can tell the difference; every other
QuerySet is left to be read as instances. Nothing here may know a type or convert a value: what is wanted is passed in,
and values come out as the database's converters made them.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from django.db.models import Field, ForeignKey, Model, QuerySet
from django.db.models.base import ModelBase
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.query import ModelIterable
from django.db.models.query_utils import DeferredAttribute
from django.db.models.signals import post_init, pre_init
from django.db.models.sql import Query

from django_bolt.orm.shapes.recorded import RecordedQuery, like

__all__ = ["RowPlan", "RowPlans", "Wanted"]

Row = tuple[Any, ...]


class Wanted(NamedTuple):
    """One field that is to be read."""

    name: str
    """Name of the attribute on an instance."""
    as_key: bool
    """Whether the name of a foreign key means the key, not the related instance."""


class RowPlans:
    """Reads QuerySets for one type, by one plan for each model and class of QuerySet."""

    def __init__(self, wanted: Sequence[Wanted]) -> None:
        self._wanted = wanted
        self._plans: dict[tuple[type[QuerySet[Any]], type[Model]], RowPlan | None] = {}

    def read(self, queryset: QuerySet[Any]) -> list[Row] | None:
        """Return the rows in the order of `wanted`, `None` where they have to be read as instances.

        Asks the database as iterating over the QuerySet would, once, and leaves the QuerySet unevaluated.
        """
        key = type(queryset), queryset.model
        try:
            plan = self._plans[key]
        except KeyError:
            plan = self._plans[key] = RowPlan.of(*key, self._wanted)
        return plan.read(queryset) if plan is not None and plan.takes(queryset) else None


class RowPlan:
    """Where each wanted field is found: a column of the model's own table, or an annotation of the query."""

    def __init__(self, model: type[Model], fields: Sequence[Field[Any, Any]], sources: Sequence[str]) -> None:
        self._model = model
        # A key may be wanted under two names (`author` and `author_id`); it is selected once.
        self._names = tuple(dict.fromkeys(sources))
        self._arrange = None if len(self._names) == len(sources) else itemgetter(*map(self._names.index, sources))
        by_attname = {field.attname: field for field in fields}
        self._columns = [by_attname[name] for name in self._names if name in by_attname]
        self._annotations = {name for name in self._names if name not in by_attname}

    @classmethod
    def of(cls, queryset_class: type[QuerySet[Any]], model: type[Model], wanted: Sequence[Wanted]) -> RowPlan | None:
        """Return the plan, `None` where a row could differ from an instance or a name is no plain column."""
        fields = model._meta.concrete_fields
        if not wanted or not _is_plain_queryset(queryset_class) or not _is_plain_model(model):
            return None
        sources = [_source(model, fields, one) for one in wanted]
        return cls(model, fields, [source for source in sources if source]) if all(sources) else None

    def takes(self, queryset: QuerySet[Any]) -> bool:
        """Return whether the rows of this QuerySet are those that its instances would show."""
        query = like(queryset.query)
        return (
            queryset._result_cache is None
            and queryset._iterable_class is ModelIterable
            and not queryset._prefetch_related_lookups  # type: ignore[attr-defined]
            and query is not None
            # Each of these changes which rows there are, or are locked, with what is selected.
            and not (query.distinct or query.combinator or query.select_related or query.select_for_update)
            and not (query.extra or query.extra_tables or query.extra_order_by)
            # An annotation that is not selected may have made or merged rows.
            and set(query.annotation_select) == self._annotations
            and self._loads(query)
            and not pre_init.has_listeners(self._model)
            and not post_init.has_listeners(self._model)
        )

    def _loads(self, query: Query) -> bool:
        """Return whether `only` and `defer` leave every column loaded; another one has its own query, or is refused."""
        names, deferred = query.deferred_loading
        if deferred:
            return not names or not any(field.name in names or field.attname in names for field in self._columns)
        return all(field.primary_key or field.name in names or field.attname in names for field in self._columns)

    def read(self, queryset: QuerySet[Any]) -> list[Row]:
        """Return the rows in the order of `wanted`; for a QuerySet that `takes` agreed to."""
        query = queryset.query.chain()
        if type(query) is RecordedQuery or query.annotations:
            query.set_values(self._names)
        else:
            # What set_values() does for columns of the model's own table, without looking for joins: ten rows of
            # four columns take 130 µs instead of 146 (values_list(), which clones once more: 150; instances: 250). With
            # the conversion and the encoding of the answer that is 155 against 281.
            query.clear_deferred_loading()
            alias = query.get_initial_alias()
            query.set_select([field.get_col(alias) for field in self._columns])
        rows = query.get_compiler(using=queryset.db).results_iter(tuple_expected=True)
        return list(map(self._arrange, rows) if self._arrange else rows)


def _source(model: type[Model], fields: Sequence[Field[Any, Any]], wanted: Wanted) -> str | None:
    """Return the attribute of the column, or the name of the annotation, that a field is read from."""
    name = wanted.name
    if name == "pk" and inspect.getattr_static(model, name) is inspect.getattr_static(Model, name):
        name = model._meta.pk.attname
    if wanted.as_key:
        keys = {field.name: field.attname for field in fields if isinstance(field, ForeignKey)}
        name = keys.get(name, name)
    found = inspect.getattr_static(model, name, _MISSING)
    if found is _MISSING:
        return name  # An annotation, if anything.
    plain = type(found) in (DeferredAttribute, ForeignKeyDeferredAttribute)
    return name if plain and any(field.attname == name for field in fields) else None


_MISSING = object()

# What a class may not have overridden: everything that has a say in which rows there are and what an instance holds.
_QUERYSET = (
    "__new__", "__init__", "__getattribute__", "__setattr__", "__iter__", "__len__", "__bool__", "__getitem__",
    "__aiter__", "_fetch_all", "_iterator", "iterator", "_clone", "_chain", "_values", "values_list", "query", "db",
)  # fmt: skip
_MODEL = ("__new__", "__init__", "__getattribute__", "__setattr__")


def _is_plain_queryset(queryset_class: type[QuerySet[Any]]) -> bool:
    return all(getattr(queryset_class, name) is getattr(QuerySet, name) for name in _QUERYSET)


def _is_plain_model(model: type[Model]) -> bool:
    from_db: Any = model.from_db
    return (
        all(getattr(model, name) is getattr(Model, name) for name in _MODEL)
        and from_db.__func__ is Model.from_db.__func__  # type: ignore[attr-defined]
        and type(model).__call__ is ModelBase.__call__
        # With multi-table inheritance an instance is one only where every table has its row.
        and all(field.model is model._meta.concrete_model for field in model._meta.concrete_fields)
    )
