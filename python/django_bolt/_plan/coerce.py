"""A type with its constraints → the node that turns text into a value of it.

Where the text comes from is decided in `source.py`; nothing here knows a request.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import typing
import uuid
from typing import Any

import msgspec

from django_bolt._plan import model
from django_bolt._plan.annotation import (
    collection,
    is_document,
    is_fixed_tuple,
    is_mapping,
    item_of,
    peel,
    spell,
    without_none,
)
from django_bolt._plan.constraint import NUMERIC, Bounds
from django_bolt._plan.convert import Converter
from django_bolt._plan.errors import PlanError
from django_bolt._plan.model import Coerce
from django_bolt._plan.node import Ref
from django_bolt._plan.pattern import is_shared
from django_bolt._plan.schema import check_schema

# Types without constraints, and also the order in which the members of a union are tried: a choice (Enum, Literal)
# first, then these, then what only Python converts, then text.
SIMPLE: dict[Any, Coerce] = {
    int: model.Int(),
    float: model.Float(),
    bool: model.Bool(),
    decimal.Decimal: model.Decimal(),
    datetime.datetime: model.Datetime(),
    datetime.date: model.Date(),
    datetime.time: model.Time(),
    datetime.timedelta: model.Timedelta(),
    uuid.UUID: model.Uuid(),
}
UNION_ORDER = [model.Choice, *map(type, SIMPLE.values()), model.Convert, model.Str]

KNOWN = (
    "expected str, int, float, bool, Decimal, datetime, date, time, timedelta, UUID, an Enum, a Literal, "
    "or a list of one of these"
)


def coerce(annotation: Any) -> Coerce:
    """Return how text becomes a value of a type, whose constraints are where `constrain` puts them.

    `None` in a union is dropped: an absent parameter has a default, a present one a value. Raises `PlanError` for a
    type that no text can express.
    """
    parts = without_none(annotation)
    if not parts:
        raise PlanError("is annotated None, which no text can express; name the type of its value")
    if len(parts) == 1:
        return _coerce_member(parts[0])
    if any(collection(part) is not None or is_fixed_tuple(peel(part)[0]) for part in parts):
        raise PlanError(f"is annotated {spell(annotation)}; one value or a list of them cannot be told apart, keep one")
    items = sorted(map(_coerce_member, parts), key=lambda item: UNION_ORDER.index(type(item)))
    return model.Union(items=items)


def _coerce_member(annotation: Any) -> Coerce:
    """Return the node of one type that is no union."""
    bare, metadata = peel(annotation)
    meta = next((value for value in metadata if isinstance(value, msgspec.Meta)), msgspec.Meta())
    bounds = next((value for value in metadata if isinstance(value, Bounds)), None)
    if bare is Any or bare is object:
        return model.Str()
    if bare is str:
        return _text(annotation, meta)
    if bounds is not None or meta.tz is not None:
        return model.Convert(call=Ref(Converter(annotation, bounds or Bounds())))
    if bare is int:
        return model.Int(**_bounds(meta))
    if bare is float:
        return model.Float(**_bounds(meta))
    if collection(bare) is not None:
        return _list(bare, meta)
    if isinstance(bare, type) and issubclass(bare, enum.Enum):
        return _enum(bare)
    if typing.get_origin(bare) is typing.Literal:
        return _literal(bare)
    return SIMPLE[bare] if _is_simple(bare) else _convert(annotation, bare)


def _bounds(meta: msgspec.Meta) -> dict[str, Any]:
    return {name: getattr(meta, name) for name in NUMERIC}


def _is_simple(bare: Any) -> bool:
    return isinstance(bare, type) and bare in SIMPLE


def _text(annotation: Any, meta: msgspec.Meta) -> Coerce:
    if meta.pattern is not None and not is_shared(meta.pattern):
        return model.Convert(call=Ref(Converter(annotation)))
    return model.Str(min_length=meta.min_length, max_length=meta.max_length, pattern=meta.pattern)


def _list(bare: Any, meta: msgspec.Meta) -> Coerce:
    into = collection(bare)
    item = coerce(item_of(bare))
    if isinstance(item, model.List) or (isinstance(item, model.Convert) and item.many):
        raise PlanError(f"is annotated {spell(bare)}; repeated parameters make one list, not lists in a list")
    return model.List(
        item=item,
        min_length=meta.min_length,
        max_length=meta.max_length,
        into=None if into is list else Ref(into),
    )


def _enum(kind: type[enum.Enum]) -> Coerce:
    members = list(kind)
    if not members:
        raise PlanError(f"is annotated {kind.__name__}, an Enum without members")
    _check_choices(kind, [member.value for member in members])
    if "_missing_" in vars(kind):
        # The Enum accepts more texts than its values.
        return model.Convert(call=Ref(Converter(kind)))
    return model.Choice(values=[(str(member.value), Ref(member)) for member in members])


def _literal(bare: Any) -> Coerce:
    values = [value for value in typing.get_args(bare) if value is not None]
    _check_choices(bare, values)
    return model.Choice(values=[(str(value), Ref(value)) for value in values])


def _check_choices(kind: Any, values: list[Any]) -> None:
    """Raise `PlanError` unless every choice has a text of its own."""
    for value in values:
        if not isinstance(value, (str, int)) or isinstance(value, (bool, enum.Enum)):
            raise PlanError(f"is annotated {spell(kind)} with the value {value!r}, expected only str and int values")
    texts = [str(value) for value in values]
    for text in texts:
        if texts.count(text) > 1:
            raise PlanError(f"is annotated {spell(kind)}, in which two values are written {text!r}")


def _convert(annotation: Any, bare: Any) -> Coerce:
    """Return the node for what msgspec converts from text and Rust does not."""
    many = is_fixed_tuple(bare)
    if many:
        for part in typing.get_args(bare):
            coerce(part)
    elif is_document(annotation):
        hint = "Query() takes a Struct" if is_mapping(annotation) else "Query(), Header() or Cookie() takes its fields"
        raise PlanError(f"is annotated {spell(annotation)}, which no text can express; {hint}, Body() takes JSON")
    elif bare is not bytes:
        raise PlanError(f"is annotated {spell(annotation)}, which no text can express; {KNOWN}")
    check_schema(annotation)
    return model.Convert(call=Ref(Converter(annotation)), many=many)
