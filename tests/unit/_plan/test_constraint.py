"""Constraints put where msgspec takes them, and refused where they fit nothing."""

from __future__ import annotations

import datetime
import decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta
from typing_extensions import TypeAliasType

from django_bolt._plan.annotation import peel
from django_bolt._plan.constraint import Bounds, constrain
from django_bolt._plan.errors import PlanError
from django_bolt.params import Header, Query

Level = TypeAliasType("Level", Annotated[int | None, Meta(ge=1)])


@pytest.mark.parametrize(
    ("annotation", "constraints", "expected"),
    [
        (int, {}, int),
        (int, {"ge": 1}, Annotated[int, Meta(ge=1)]),
        (Annotated[int, "a note", Meta(ge=1)], {}, Annotated[int, Meta(ge=1)]),
        (Annotated[int, Meta(ge=1)], {"le": 5}, Annotated[int, Meta(ge=1, le=5)]),
        (Annotated[int, Meta(ge=1), Meta(le=5)], {}, Annotated[int, Meta(ge=1, le=5)]),
        (Annotated[int, Meta(ge=1)], {"ge": 1}, Annotated[int, Meta(ge=1)]),
        (int | None, {"ge": 1}, Annotated[int, Meta(ge=1)] | None),
        (Annotated[int | None, Meta(ge=1)], {}, Annotated[int, Meta(ge=1)] | None),
        (Level | str, {}, Annotated[int, Meta(ge=1)] | None | str),
        (int | str, {"ge": 1, "pattern": "a"}, Annotated[int, Meta(ge=1)] | Annotated[str, Meta(pattern="a")]),
        (list[int], {"min_length": 1}, Annotated[list[int], Meta(min_length=1)]),
        (list[Annotated[int | None, Meta(ge=1)]], {}, list[Annotated[int, Meta(ge=1)] | None]),
        (tuple, {}, tuple[Any, ...]),
        (Annotated[datetime.datetime, Meta(tz=True)], {}, Annotated[datetime.datetime, Meta(tz=True)]),
        (float, {"gt": 0, "multiple_of": 0.5}, Annotated[float, Meta(gt=0, multiple_of=0.5)]),
    ],
)
def test_constraints_stand_around_the_types_they_bound(annotation, constraints, expected):
    assert constrain(annotation, constraints) == expected


@pytest.mark.parametrize(
    ("annotation", "constraints"),
    [(int | None, {"ge": 1}), (int | str, {"min_length": 2}), (decimal.Decimal, {"ge": 1}), (int, {"le": 2**70})],
)
def test_msgspec_takes_the_result(annotation, constraints):
    msgspec.json.schema(constrain(annotation, constraints))
    msgspec.json.Decoder(constrain(annotation, constraints))


@pytest.mark.parametrize(
    ("annotation", "constraints"),
    [
        (decimal.Decimal, {"ge": decimal.Decimal("0.1"), "lt": 5}),
        (int, {"le": 2**63}),
        (int, {"gt": 2**63 - 1}),
        (int, {"ge": 0.5}),
    ],
)
def test_bounds_that_msgspec_refuses_are_kept_beside_it(annotation, constraints):
    bare, metadata = peel(constrain(annotation, constraints))
    assert bare is annotation
    assert metadata[0] == Bounds(**constraints)
    assert metadata[0].given == constraints


def test_the_documentation_still_sees_those_bounds():
    schema = msgspec.json.schema(constrain(decimal.Decimal, {"ge": 1, "lt": 5}))
    assert (schema["minimum"], schema["exclusiveMaximum"]) == (1, 5)


@pytest.mark.parametrize(
    ("annotation", "constraints", "message"),
    [
        (str, {"ge": 1}, "has ge=, which does not fit str"),
        (bool, {"ge": 1}, "has ge=, which does not fit bool"),
        (UUID, {"min_length": 1}, "has min_length=, which does not fit UUID"),
        (int | None, {"pattern": "a"}, r"has pattern=, which does not fit int \| None"),
        (list[int], {"ge": 1}, r"does not fit list\[int\]; to bound each item write list\[Annotated\[\.\.\., .*ge="),
        (Annotated[int, Meta(ge=1)], {"ge": 2}, "has ge=1 and ge=2; keep one"),
        (int, {"ge": 1, "gt": 1}, "has a wrong constraint: Cannot specify both"),
        (int, {"ge": "1"}, "has ge='1', expected a finite number"),
        (float, {"le": float("inf")}, "has le=inf, expected a finite number"),
        (float, {"multiple_of": 0}, "has a wrong constraint"),
        (str, {"pattern": "("}, r"has the pattern '\(', which is no regular expression"),
        (str, {"pattern": 5}, "no regular expression"),
        (Annotated[str, Header()] | None, {}, "has a marker inside str"),
        (list[Annotated[int, Query(ge=1)]], {}, "has a marker inside int"),
    ],
)
def test_what_fits_nothing_is_refused(annotation, constraints, message):
    with pytest.raises(PlanError, match=message):
        constrain(annotation, constraints)
