"""A query that only notes what is called on it, as long as that was called before.

It is one of Django's queries in everything: what is not known of its shape makes it build itself, the very object, by
the calls noted, and from then on it is a `Query` like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Any

from django.db import connections
from django.db.models import Count
from django.db.models.sql import Query
from django.db.models.sql.constants import SINGLE

from django_bolt.orm.shapes.aggregation import Aggregation
from django_bolt.orm.shapes.compiled import compiler_for
from django_bolt.orm.shapes.keys import (
    aggregates_key,
    columns_key,
    condition_key,
    expression_key,
    names_key,
    ordering_key,
)
from django_bolt.orm.shapes.shape import Call, Condition, Replayed, Shape, chained, root

__all__ = ["CHAINED", "RecordedQuery", "complete", "like"]

CHAINED: dict[type[Query], Callable[[Any], Query]] = {}
"""The kinds of queries that one which notes is chained to as it is."""

_NOTED = ("_calls", "_chained", "_limits", "_lookups", "_ran_on", "_shape")

# Answered by the shape's query: they follow from the calls alone, and nobody can change them in place.
_KNOWN = (
    "can_filter", "combinator", "combined_queries", "default_cols", "default_ordering",
    "deferred_loading", "distinct", "distinct_fields", "explain_info", "extra_order_by", "extra_tables",
    "group_by", "has_select_fields", "is_empty", "is_sliced", "order_by", "select_for_update", "standard_ordering",
    "subquery", "values_select",
)  # fmt: skip
# The same, but they could be changed.
_KNOWN_DICTS = ("_filtered_relations", "annotations", "annotation_select", "extra_select", "selected")

_SWITCHES = frozenset({"filter_is_sticky", "group_by", "standard_ordering"})
"""What a QuerySet sets by itself."""


class RecordedQuery(Query):
    """All rows of a model, and what is called on that.

    `_shape`: what was called; `_lookups`: the values, as the lookups that they are given to; `_limits`: what the rows
    are sliced by; `_calls`: how to build it; `_ran_on`: the database that it was compiled for.
    """

    _shape: Shape
    _calls: tuple[Any, ...]
    _lookups: tuple[Any, ...]
    _ran_on: str | None

    def __init__(self, model: Any) -> None:
        # Every QuerySet begins here: one by one they take 0.5 µs, as a dict to update from 0.7.
        state = self.__dict__
        state["model"] = model
        state["_shape"] = root(model)
        state["_calls"] = ()
        state["_lookups"] = ()
        state["_limits"] = None
        state["_ran_on"] = None
        state["_chained"] = False

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Django's class, of which others derive classes of queries."""
        return Query

    def as_django(self) -> Query:
        """Return a query of Django's that is equal to this one."""
        copy: RecordedQuery = self.clone()
        return copy._build()

    def _build(self) -> Query:
        """Become a query of Django's. Other threads may be reading this one: it changes in one step."""
        state = self.__dict__.copy()
        if "_shape" in state:
            built: Query = Replayed(state["model"], state["_lookups"])
            for call in _in_order(state["_calls"]):
                built = call.make(built)
            if state["_ran_on"] is not None:
                # Compiling leaves joins behind, which a call that comes after meets.
                with suppress(Exception):
                    built.get_compiler(state["_ran_on"]).as_sql()
            if state["_chained"]:
                chained(built)
            del vars(built)["made"]
            kept = {name: value for name, value in state.items() if name not in _NOTED}
            object.__setattr__(self, "__dict__", {**built.__dict__, **kept})
        _set_class(self, Query)
        return self

    def _note(
        self, method: str, arguments: tuple[Any, ...], key: Any, values: Sequence[Any] = (), kind: type[Call] = Call
    ) -> Any:
        """Make a call: note it where it was made before, else build the query and return what the call returns."""
        state = self.__dict__
        call = kind(method, arguments, state["_chained"])
        before: Shape = state["_shape"]
        if state["_ran_on"] is not None:
            key = None
        if key is not None:
            shape = before.after(call, key, values)
            if shape is not None:
                lookups = [slot.fill(value) for slot, value in zip(shape.slots, values, strict=True)]
                if None not in lookups:
                    state["_shape"] = shape
                    state["_calls"] = (state["_calls"], call.kept(key, lookups))
                    state["_chained"] = False
                    if lookups:
                        state["_lookups"] = (*state["_lookups"], *lookups)
                    return None
        self._build()
        result = getattr(self, method)(*arguments)
        if key is not None:
            before.seen(call, key)
        return result

    # What changes a query -------------------------------------------------------------------------------------

    def clone(self) -> Any:
        """Return a copy."""
        state = self.__dict__.copy()
        if "_shape" not in state:
            return self._build().clone()
        obj = object.__new__(RecordedQuery)
        object.__setattr__(obj, "__dict__", state)
        return obj

    def chain(self, klass: Any = None) -> Any:
        """Return a copy that is ready for another operation."""
        obj = self.clone()
        if type(obj) is Query:
            return obj.chain(klass)
        if klass is not None and klass is not RecordedQuery and klass is not Query:
            if klass in CHAINED and obj._ran_on is None and not obj.annotations:
                return CHAINED[klass](obj)
            return obj._build().chain(klass)
        obj.__dict__["_chained"] = True
        return obj

    def add_q(self, q_object: Any, reuse_all: bool = False) -> None:
        """Add a condition."""
        values: list[Any] = []
        key = condition_key(q_object, values)
        self._note("add_q", (q_object, reuse_all), None if key is None else (key, reuse_all), values, Condition)

    def set_limits(self, low: int | None = None, high: int | None = None) -> None:
        """Slice the rows."""
        # A slice of a slice, and an empty one (`[3:3]`, `[5:3]`), are more than two numbers.
        plain = self._limits is None and _is_count(low) and _is_count(high) and (high is None or (low or 0) < high)
        self._note("set_limits", (low, high), (bool(low), high is not None) if plain else None)
        if "_limits" in self.__dict__ and (low or high is not None):
            self.__dict__["_limits"] = (low or 0, high)

    def clear_ordering(self, force: bool = False, clear_default: bool = True) -> None:
        """Remove the ordering."""
        self._note("clear_ordering", (force, clear_default), (force, clear_default))

    def add_ordering(self, *ordering: Any) -> None:
        """Order by more fields."""
        self._note("add_ordering", ordering, ordering_key(ordering))

    def add_distinct_fields(self, *field_names: Any) -> None:
        """Leave out what is there twice."""
        self._note("add_distinct_fields", field_names, names_key(field_names))

    def set_values(self, fields: Any) -> None:
        """Select fields rather than instances."""
        fields = tuple(fields)
        self._note("set_values", (fields,), names_key(fields))

    def add_deferred_loading(self, field_names: Any) -> None:
        """Do not load fields."""
        field_names = tuple(field_names)
        self._note("add_deferred_loading", (field_names,), names_key(field_names))

    def add_immediate_loading(self, field_names: Any) -> None:
        """Load these fields only."""
        field_names = tuple(field_names)
        self._note("add_immediate_loading", (field_names,), names_key(field_names))

    def clear_deferred_loading(self) -> None:
        """Load all fields."""
        self._note("clear_deferred_loading", (), ())

    def add_select_related(self, fields: Any) -> None:
        """Select the rows of relations as well."""
        fields = tuple(fields)
        self._note("add_select_related", (fields,), names_key(fields))

    def add_extra(self, select: Any, select_params: Any, where: Any, params: Any, tables: Any, order_by: Any) -> None:
        """Select by SQL."""
        others = (select_params, where, params, tables, order_by)
        self._note("add_extra", (select, *others), None if any(others) else columns_key(select))

    def add_annotation(self, annotation: Any, alias: str, select: bool = True) -> None:
        """Select an expression."""
        key = expression_key(annotation)
        self._note("add_annotation", (annotation, alias, select), None if key is None else (key, alias, bool(select)))

    def set_group_by(self, allow_aliases: bool = True) -> None:
        """Group by what is selected."""
        self._note("set_group_by", (allow_aliases,), bool(allow_aliases))

    def exists(self, limit: bool = True) -> Any:
        """Return a query that only tells whether there are rows."""
        query = self.clone()
        if type(query) is Query:
            return query.exists(limit)
        built = query._note("exists", (limit,), limit is True)
        if built is not None:
            return built
        if limit is True:
            low = query._limits[0] if query._limits else 0
            query.__dict__["_limits"] = (low, low + 1)
        return query

    # What is asked of it -------------------------------------------------------------------------------------------

    has_results = Query.has_results

    def get_aggregation(self, using: Any, aggregate_exprs: Any) -> dict[str, Any]:
        """Return the values of aggregates over the rows."""
        return self._aggregate(using, aggregate_exprs, aggregates_key(aggregate_exprs))

    def get_count(self, using: Any) -> Any:
        """Return how many rows there are."""
        query = self.clone()
        if type(query) is Query:
            return query.get_count(using)
        return query._aggregate(using, _COUNT, _COUNT_KEY)["__count"]

    def _aggregate(self, using: str, aggregate_exprs: Any, key: Any) -> dict[str, Any]:
        results: dict[str, Any] | None = self._note("get_aggregation", (using, aggregate_exprs), key, kind=Aggregation)
        if results is not None:
            return results
        annotations = self.annotation_select
        compiler = self.get_compiler(using)
        row = compiler.execute_sql(SINGLE)
        if row is None:
            values = [expression.empty_result_set_value for expression in annotations.values()]
        else:
            [values] = compiler.results_iter([[row]])
        return dict(zip(annotations, values, strict=True))

    def get_compiler(self, using: Any = None, connection: Any = None, elide_empty: bool = True) -> Any:
        """Return what compiles and runs the query."""
        shape = self.__dict__.get("_shape")
        if using and connection is None and elide_empty and shape is not None and not shape.is_outdated:
            compiler = compiler_for(self, shape, connections[using], using)
            if compiler is not None:
                self.__dict__["_ran_on"] = using
                return compiler
        self._build()
        return self.get_compiler(using, connection, elide_empty)

    def get_meta(self) -> Any:
        """Return the options of the model."""
        model: Any = self.model
        return model._meta

    def __getattr__(self, name: str) -> Any:
        # Whatever Django's own constructor sets, and what nobody has set.
        if name in _NOTED or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(name)
        self._build()
        return getattr(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _SWITCHES and type(value) is bool:
            self._note("__setattr__", (name, value), (name, value))
            return
        # Its class among them, which Django makes that of a deletion.
        self._build()
        setattr(self, name, value)

    def __delattr__(self, name: str) -> None:
        self._build()
        delattr(self, name)

    def __reduce_ex__(self, protocol: Any) -> Any:
        self._build()
        return self.__reduce_ex__(protocol)


_set_class: Any = object.__dict__["__class__"].__set__


class Shown(dict[str, Any]):
    """A dictionary of the shape's query. To change it builds the query that was asked, and changes that one's."""

    def __init__(self, shown: dict[str, Any], query: RecordedQuery, name: str) -> None:
        super().__init__(shown)
        self._of = query, name


def _changing(method: str) -> Callable[..., Any]:
    def change(self: Shown, *arguments: Any, **others: Any) -> Any:
        query, name = self._of
        getattr(dict, method)(self, *arguments, **others)
        query._build()
        return getattr(getattr(query, name), method)(*arguments, **others)

    return change


for _method in ("__setitem__", "__delitem__", "__ior__", "clear", "pop", "popitem", "setdefault", "update"):
    setattr(Shown, _method, _changing(_method))


def _in_order(calls: tuple[Any, ...]) -> list[Call]:
    made: list[Call] = []
    while calls:
        calls, call = calls
        made.append(call)
    return made[::-1]


_COUNT = {"__count": Count("*")}
_COUNT_KEY = aggregates_key(_COUNT)


def like(query: Query) -> Query | None:
    """Return a query to look at, not to be changed: like the given one, perhaps without values; None for a subclass."""
    if type(query) is RecordedQuery:
        return query._shape.query
    return query if type(query) is Query else None


class _Built:
    """An attribute that only Django's own query has."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, query: Any, owner: Any = None) -> Any:
        if query is None:
            return getattr(owner.__base__, self._name)
        query._build()
        return getattr(query, self._name)


def _is_count(number: Any) -> bool:
    return number is None or (type(number) is int and number >= 0)


def _known(name: str) -> property:
    """Return an attribute that the shape's query answers for."""
    ask: Callable[[Any], Any] = attrgetter(f"_shape.query.{name}")

    def ask_for_dict(query: Any) -> Any:
        value = ask(query)
        return None if value is None else Shown(value, query, name)

    return property(ask_for_dict if name in _KNOWN_DICTS else ask)


def complete(ours: type[Query]) -> None:
    """Give a class all that Django's, which it is made of, has, so that nothing of it is met half-built."""
    for name in dir(ours.__base__):
        if not name.startswith("__") and name not in vars(ours):
            setattr(ours, name, _Built(name))


for _name in (*_KNOWN, *_KNOWN_DICTS):
    setattr(RecordedQuery, _name, _known(_name))
complete(RecordedQuery)
