"""Bounds on values: those of `msgspec.Meta` and of a marker, brought together on the types that they bound.

Checking them is the work of Rust, of msgspec and of `convert.py`; nothing here sees a value.
"""

from __future__ import annotations

import datetime
import decimal
import math
import re
import typing
from dataclasses import dataclass
from typing import Any

import msgspec

from django_bolt._plan.annotation import collection, is_document, item_of, members, peel, spell, union
from django_bolt._plan.errors import PlanError
from django_bolt.dependencies import Dependency
from django_bolt.params import CONSTRAINTS, FileMarker, Marker

NUMERIC = ("gt", "ge", "lt", "le", "multiple_of")
LENGTHS = ("min_length", "max_length")

# Parts of a Meta that describe and do not bound.
DESCRIPTIONS = ("title", "description", "examples", "extra_json_schema", "extra")

# Bounds that msgspec and Rust take for whole numbers.
INT64 = range(-(2**63), 2**63)

# JSON Schema's words, for bounds that msgspec does not describe by itself.
SCHEMA_WORDS = {
    "gt": "exclusiveMinimum",
    "ge": "minimum",
    "lt": "exclusiveMaximum",
    "le": "maximum",
    "multiple_of": "multipleOf",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """Bounds that msgspec refuses on their type: any on a Decimal, those beyond 64 bits on an int."""

    gt: Any = None
    ge: Any = None
    lt: Any = None
    le: Any = None
    multiple_of: Any = None

    def __repr__(self) -> str:
        return f"Bounds({', '.join(f'{name}={bound!r}' for name, bound in self.given.items())})"

    @property
    def given(self) -> dict[str, Any]:
        """The bounds that are set, by name."""
        bounds = {name: getattr(self, name) for name in NUMERIC}
        return {name: bound for name, bound in bounds.items() if bound is not None}


def constrain(annotation: Any, constraints: dict[str, Any]) -> Any:
    """Return a type with `constraints`, and those in its own `Annotated`, around the types that they bound.

    In a union that is every member that a constraint fits: msgspec takes a Meta there and not around the union. Raises
    `PlanError` for a constraint that fits no member, and for one that is given twice with two values.
    """
    bare, metadata = peel(annotation)
    if any(isinstance(value, (Marker, FileMarker, Dependency)) for value in metadata):
        raise PlanError(
            f"has a marker inside {spell(bare)}; a marker stands around the whole type: Annotated[str | None, Query()]"
        )
    merged = _merged(metadata, constraints)
    if "pattern" in merged:
        _check_pattern(merged["pattern"])
    for name in merged:
        if name not in (*applicable(bare), *DESCRIPTIONS):
            raise _misfit(name, bare)
    if len(members(bare)) > 1:
        return union(
            constrain(part, {name: bound for name, bound in merged.items() if name in applicable(part)})
            for part in bare.__args__
        )
    if (into := collection(bare)) is not None and not is_document(bare):
        item = constrain(item_of(bare), {})
        bare = tuple[item, ...] if into is tuple else into[item]  # type: ignore[index,valid-type]
    return _annotate(bare, merged)


def applicable(annotation: Any) -> set[str]:
    """Return the names of the constraints that fit a type, or a member of it where it is a union."""
    found: set[str] = set()
    for member in members(annotation):
        bare, _ = peel(member)
        if bare in (int, float, decimal.Decimal):
            found.update(NUMERIC)
        elif bare is str:
            found.update((*LENGTHS, "pattern"))
        elif bare in (datetime.datetime, datetime.time):
            found.add("tz")
        elif bare is bytes or collection(bare) is not None:
            found.update(LENGTHS)
    return found


def _merged(metadata: tuple[Any, ...], constraints: dict[str, Any]) -> dict[str, Any]:
    """Return everything that the Metas of a type say together with its marker's constraints."""
    merged: dict[str, Any] = {}
    for given in [*map(_of_metadata, metadata), constraints]:
        for name, value in given.items():
            if name in CONSTRAINTS and merged.setdefault(name, value) != value:
                raise PlanError(f"has {name}={merged[name]!r} and {name}={value!r}; keep one of them")
        merged.update(given)
    return merged


def _of_metadata(value: Any) -> dict[str, Any]:
    if not isinstance(value, msgspec.Meta):
        return {}
    given = {name: getattr(value, name) for name in (*CONSTRAINTS, "tz", *DESCRIPTIONS)}
    return {name: part for name, part in given.items() if part is not None}


def _annotate(bare: Any, merged: dict[str, Any]) -> Any:
    """Return a type with a Meta, and with Bounds for what msgspec would refuse there."""
    numeric = {name: merged[name] for name in NUMERIC if name in merged}
    for name, bound in numeric.items():
        if not isinstance(bound, (int, float, decimal.Decimal)) or not math.isfinite(bound):
            raise PlanError(f"has {name}={bound!r}, expected a finite number")
    metadata: list[Any] = []
    if numeric and not _fits_msgspec(bare, numeric):
        metadata.append(Bounds(**numeric))
        words = {SCHEMA_WORDS[name]: float(bound) for name, bound in numeric.items()}
        merged = {name: value for name, value in merged.items() if name not in NUMERIC}
        merged["extra_json_schema"] = {**words, **merged.get("extra_json_schema", {})}
    if merged:
        try:
            metadata.append(msgspec.Meta(**merged))
        except (TypeError, ValueError) as error:
            raise PlanError(f"has a wrong constraint: {error}") from error
    return typing.Annotated[(bare, *metadata)] if metadata else bare


def _fits_msgspec(bare: Any, numeric: dict[str, Any]) -> bool:
    if bare is int:
        # Strictly inside: msgspec turns `gt` and `lt` into `ge` and `le` of the neighbour.
        return all(isinstance(bound, int) and bound - 1 in INT64 and bound + 1 in INT64 for bound in numeric.values())
    return bare is float and all(isinstance(bound, (int, float)) for bound in numeric.values())


def _check_pattern(pattern: Any) -> None:
    try:
        re.compile(pattern)
    except (TypeError, re.error) as error:
        raise PlanError(f"has the pattern {pattern!r}, which is no regular expression: {error}") from error


def _misfit(name: str, annotation: Any) -> PlanError:
    hint = ""
    if collection(annotation) is not None and name not in LENGTHS:
        hint = f"; to bound each item write list[Annotated[..., msgspec.Meta({name}=...)]]"
    return PlanError(f"has {name}=, which does not fit {spell(peel(annotation)[0])}{hint}")
