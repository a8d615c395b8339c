"""The shapes of queries: which calls were made, in which order, with which arguments but for the values.

A shape is a node of a tree: the model at the root, a call on each edge. It keeps a query with these calls, emptied of
values, which answers for all that depends on the shape alone.
Nothing here may know of databases.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from copy import copy
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model
from django.db.models.expressions import Col
from django.db.models.lookups import Lookup, Range
from django.db.models.sql import Query

from django_bolt.orm.shapes.keys import condition
from django_bolt.orm.shapes.lookups import OF_TRUTH, PARTS, SAFE, SECOND

__all__ = [
    "Call",
    "Condition",
    "NotPlain",
    "Replayed",
    "Shape",
    "Slot",
    "chained",
    "forget",
    "may_remember",
    "root",
]

MOST_CALLS = 4_000
"""Calls that a process remembers, some 8 KiB each; where a program makes ever new ones, Django builds the rest."""


class Call(NamedTuple):
    """A call of one of a query's methods that change it."""

    method: str
    arguments: tuple[Any, ...]
    chained: bool
    """Whether the query was chained since the call before: its joins are then not used again."""

    def make(self, query: Query) -> Query:
        """Make the call, and return the query that it leads to. Raises what the method raises."""
        if self.chained:
            chained(query)
        made = self.make_on(query)
        return query if made is None else made

    def make_on(self, query: Query) -> Query | None:
        """Make the call itself; None where it changes the query in place."""
        made: Query | None = getattr(query, self.method)(*self.arguments)
        return made

    def kept(self, key: Any, lookups: Sequence[Any]) -> Call:
        """Return the call as it can be made again: what it was given may have changed by then."""
        return self


class Condition(Call):
    """A call of `add_q`."""

    __slots__ = ()

    def make_on(self, query: Query) -> None:
        """Make the call itself."""
        given, reuse_all = self.arguments
        if type(given) is tuple:
            key, values = given
            given = condition(key, iter(values))
        query.add_q(given, reuse_all)

    def kept(self, key: Any, lookups: Sequence[Any]) -> Call:
        """Return the call with the values of lookups."""
        return self._replace(arguments=((key[0], [lookup.rhs for lookup in lookups]), self.arguments[1]))


class NotPlain(Exception):  # noqa: N818  # it is no error
    """A call leads to a query that has no shape."""


def chained(query: Query) -> None:
    """Do what `chain()` does to its copy."""
    if not query.filter_is_sticky:
        query.used_aliases = set()
    query.filter_is_sticky = False


class Slot:
    """The place of a value in a shape: a lookup that other values are given to."""

    __slots__ = ("_kind", "_state", "number", "token")

    def __init__(self, lookup: Lookup[Any], number: int) -> None:
        self._kind = type(lookup)
        self._state = {name: value for name, value in lookup.__dict__.items() if name not in _OF_ONE_VALUE}
        self.number = number
        self.token = (f"\0{number}\0", SECOND) if self._kind is Range else f"\0{number}\0"
        """What stands for the value in the SQL of the shape."""

    def fill(self, value: Any) -> Lookup[Any] | None:
        """Return the lookup with a value, None where Django would take another lookup for it.

        Raises what Django raises for a value that does not fit the field.
        """
        lookup: Any = object.__new__(self._kind)
        lookup.__dict__ = {**self._state, "rhs": value}
        lookup.rhs = prepared = lookup.get_prep_lookup()
        if prepared is None or (type(prepared) is bool and prepared is not value):
            return None
        return lookup  # type: ignore[no-any-return]

    def stand_in(self, compiler: Any, connection: Any) -> tuple[Any, tuple[Slot]]:
        """Take the place of the lookup's `process_rhs` in the query of a shape."""
        return self.token, (self,)


_OF_ONE_VALUE = frozenset({"rhs", "_constructor_args"})


class Learner(Query):
    """A query that notes which lookups were made of which values."""

    made: list[tuple[Any, Any]] | None = None

    def build_lookup(self, lookups: Any, lhs: Any, rhs: Any) -> Any:
        """Return Django's lookup, and note it."""
        lookup = super().build_lookup(lookups, lhs, rhs)
        if self.made is not None:
            self.made.append((lookup, rhs))
        return lookup


class Replayed(Query):
    """A query on which calls are made again: its lookups are those that were made of their values the first time."""

    def __init__(self, model: type[Model], lookups: Sequence[Any]) -> None:
        super().__init__(model)
        self.made = iter(lookups)

    def build_lookup(self, lookups: Any, lhs: Any, rhs: Any) -> Any:
        """Return the lookup of the next value."""
        if rhs is None:
            return super().build_lookup(lookups, lhs, rhs)
        lookup = copy(next(self.made))
        lookup.lhs = lhs
        return lookup


class _Memory:
    calls = 0
    age = 0


_memory = _Memory()


class Shape:
    """What is known of the queries of one shape.

    `query`: one of them, without its values. `count`: how many values the calls up to here have. `slots`: where those
    of the last call go. `free`: the numbers of the values that no key tells. `compiled`: what is known of its SQL, by
    database, and `conditions` of that of its condition alone. `inserts`, `updates`: the SQL that adds objects to it, or
    changes what it finds; `insertions`: how the rows of a class's objects are added. `age`: what is older than that of
    the memory was learned of models that have changed since.
    """

    __slots__ = (
        "_after",
        "age",
        "compiled",
        "conditions",
        "count",
        "free",
        "insertions",
        "inserts",
        "query",
        "slots",
        "updates",
    )

    def __init__(self, query: Learner, count: int, slots: tuple[Slot, ...], free: frozenset[int] = frozenset()) -> None:
        self.query = query
        self.count = count
        self.slots = slots
        self.free = free
        self.age = _memory.age
        self.compiled: dict[str, Any] = {}
        self.conditions: dict[str, Any] = {}
        self.inserts: dict[Hashable, Any] = {}
        self.insertions: dict[type[Any], Any] = {}
        self.updates: dict[Hashable, Any] = {}
        self._after: dict[Hashable, Shape | None] = {}

    @property
    def is_outdated(self) -> bool:
        """Whether something that it depends on has changed."""
        return self.age != _memory.age

    def after(self, call: Call, key: Hashable, values: Sequence[Any]) -> Shape | None:
        """Return the shape that a call leads to; None where the call is to be made on Django's own query.

        That is so the first time: what is done once would only pay for being remembered. Raises what the call raises.
        """
        if self.age != _memory.age:
            return None
        edge = (call.method, call.chained, key)
        try:
            found = self._after[edge]
        except KeyError:
            return None
        if found is None:
            found = self._after[edge] = self._learn(call, values)
        return found if found is not OPAQUE else None

    def seen(self, call: Call, key: Hashable) -> None:
        """Remember that a call was made, and raised nothing."""
        if self.age == _memory.age and may_remember():
            self._after.setdefault((call.method, call.chained, key))

    def _learn(self, call: Call, values: Sequence[Any]) -> Shape:
        query: Any = self.query.clone()
        made: list[tuple[Any, Any]] = []
        query.made = made
        try:
            query = call.make(query)
        except NotPlain:
            return OPAQUE
        query.made = None
        places = _places(made, values)
        # Where the default database takes '' for NULL, `build_lookup` looks at the value.
        decides = connections[DEFAULT_DB_ALIAS].features.interprets_empty_strings_as_nulls and values
        if decides or places is None or not _follow(query.annotations.values()):
            return OPAQUE
        slots = []
        for number, lookup in enumerate(places, self.count):
            slot = Slot(lookup, number)
            lookup.process_rhs = slot.stand_in
            if type(lookup.rhs) is not bool:
                # Nobody's values may stay here.
                lookup.rhs = None
            lookup.__dict__.pop("_constructor_args", None)
            slots.append(slot)
        free = {slot.number for slot, value in zip(slots, values, strict=True) if type(value) is not bool}
        return Shape(query, self.count + len(slots), tuple(slots), self.free | free)


def _places(made: list[tuple[Any, Any]], values: Sequence[Any]) -> list[Any] | None:
    """Return the lookups that were made of the values; None where SQL could depend on more than their number."""
    places: list[Any] = []
    for lookup, value in made:
        if value is None:
            continue
        if len(places) == len(values) or not _is_same(value, values[len(places)]):
            return None
        kinds = OF_TRUTH if type(value) is bool else SAFE
        if (
            type(lookup) not in kinds
            or type(lookup.lhs) is not Col
            or lookup.bilateral_transforms
            or lookup.rhs is None
            # Where a field takes 1 or "t" for True, that is in the SQL, and not in the key.
            or (type(lookup.rhs) is bool and type(value) is not bool)
            # Or False for None, of which Django makes another lookup.
            or (type(lookup) not in SAFE and lookup.rhs is not value)
        ):
            return None
        places.append(lookup)
    return places if len(places) == len(values) else None


def _follow(annotations: Iterable[Any]) -> bool:
    """Whether SQL of annotations follows from the shape: a field's name may end in a transform."""
    return all(type(part) in PARTS for annotation in annotations for part in annotation.flatten())


def _is_same(value: Any, given: Any) -> bool:
    # Collections are copied on their way.
    return value is given or (type(value) is type(given) and isinstance(value, (list, tuple, set, frozenset)))


def may_remember() -> bool:
    """Tell whether there is room for one more, and take it."""
    if _memory.calls >= MOST_CALLS:
        return False
    _memory.calls += 1
    return True


def forget() -> None:
    """Begin anew: something that shapes depend on has changed."""
    _memory.age += 1
    _memory.calls = 0


def root(model: type[Model]) -> Shape:
    """Return the shape of all rows of a model."""
    known: dict[str, Any] = model._meta.__dict__
    shape: Shape | None = known.get("_django_bolt_root")
    if shape is None or shape.age != _memory.age:
        shape = known["_django_bolt_root"] = Shape(Learner(model), 0, ())
    return shape


OPAQUE = Shape(Learner(None), 0, ())
"""Stands for a shape whose SQL cannot be told from its calls."""
