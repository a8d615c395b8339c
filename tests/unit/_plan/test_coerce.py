"""Every type of a parameter and the node it becomes."""

from __future__ import annotations

import collections.abc
import datetime
import decimal
import enum
import ipaddress
import typing
import uuid
from typing import Annotated, Any, Literal, NewType, TypedDict

import msgspec
import pytest
from msgspec import Meta

from django_bolt._plan import model
from django_bolt._plan.coerce import coerce
from django_bolt._plan.constraint import constrain
from django_bolt._plan.convert import Converter
from django_bolt._plan.errors import PlanError
from django_bolt._plan.text import coercion


class Color(enum.Enum):
    RED = "r"
    GREEN = "g"
    CRIMSON = "r"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Lenient(enum.Enum):
    ON = "on"

    @classmethod
    def _missing_(cls, value: object) -> Lenient:
        return cls.ON


class Ratio(enum.Enum):
    HALF = 0.5


class Empty(enum.Enum):
    pass


class Twice(enum.Enum):
    TEXT = "1"
    NUMBER = 1


class Item(msgspec.Struct):
    name: str


class Typed(TypedDict):
    name: str


UserId = NewType("UserId", int)


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (str, "str"),
        (Any, "str"),
        (int, "int"),
        (float, "float"),
        (bool, "bool"),
        (decimal.Decimal, "decimal"),
        (datetime.datetime, "datetime"),
        (datetime.date, "date"),
        (datetime.time, "time"),
        (datetime.timedelta, "timedelta"),
        (uuid.UUID, "uuid"),
        (UserId, "int"),
        (int | None, "int"),
        (typing.Optional[int], "int"),  # noqa: UP045
        (Color, "choice(r, g)"),
        (Level, "choice(1, 2)"),
        (Literal["a", "b", 3, None], "choice(a, b, 3)"),
        (Annotated[int, Meta(ge=1, lt=9)], "int(ge=1, lt=9)"),
        (Annotated[int, Meta(multiple_of=3)], "int(multiple_of=3)"),
        (Annotated[float, Meta(gt=0.5, le=2)], "float(gt=0.5, le=2)"),
        (Annotated[str, Meta(min_length=1, pattern="^a$")], "str(min_length=1, pattern='^a$')"),
        (Annotated[int | None, Meta(ge=1)], "int(ge=1)"),
        (list[int], "list(int)"),
        (list, "list(str)"),
        (list[int] | None, "list(int)"),
        (list[int | None], "list(int)"),
        (list[Color], "list(choice(r, g))"),
        (Annotated[list[int], Meta(max_length=3)], "list(int, max_length=3)"),
        (list[Annotated[int, Meta(ge=1)]], "list(int(ge=1))"),
        (collections.abc.Sequence[str], "list(str)"),
        (tuple[int, ...], "tuple(int)"),
        (set[int], "set(int)"),
        (frozenset[int], "frozenset(int)"),
        (list[int | str], "list(int | str)"),
    ],
)
def test_types_become_nodes(annotation, expected):
    assert coercion(coerce(constrain(annotation, {}))) == expected


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (str | int, "int | str"),
        (str | bool | float | int, "int | float | bool | str"),
        (str | uuid.UUID | datetime.date | decimal.Decimal, "decimal | date | uuid | str"),
        (int | Literal["auto"], "choice(auto) | int"),
        (str | bytes | int, "int | convert(bytes) | str"),
        (str | int | None, "int | str"),
    ],
)
def test_members_of_a_union_are_tried_from_the_strictest_to_text(annotation, expected):
    assert coercion(coerce(annotation)) == expected


def test_choices_are_the_members_themselves():
    node = coerce(Color)
    assert [(text, ref.value) for text, ref in node.values] == [("r", Color.RED), ("g", Color.GREEN)]


def test_collections_name_what_they_are_put_into():
    assert coerce(set[int]).into.value is set
    assert coerce(list[int]).into is None


@pytest.mark.parametrize(
    ("annotation", "many"),
    [
        (bytes, False),
        (Annotated[decimal.Decimal, Meta(extra_json_schema={})], None),
        (Annotated[datetime.datetime, Meta(tz=True)], False),
        (Annotated[str, Meta(pattern="(?=a)")], False),
        (Lenient, False),
        (tuple[int, str], True),
    ],
)
def test_what_rust_does_not_know_is_left_to_python(annotation, many):
    node = coerce(annotation)
    if many is None:
        assert node == model.Decimal()
    else:
        assert isinstance(node, model.Convert) and node.many is many
        assert node.call.value == Converter(annotation)


@pytest.mark.parametrize("constraints", [{"ge": 2**63}, {"lt": -(2**63)}, {"ge": 0.5}])
def test_bounds_beyond_64_bits_are_left_to_python(constraints):
    node = coerce(constrain(int, constraints))
    assert isinstance(node, model.Convert)
    assert node.call.value.bounds.given == constraints


def test_a_bounded_decimal_is_left_to_python_and_bounded():
    node = coerce(constrain(decimal.Decimal, {"ge": 1}))
    assert node.call.value("1") == 1
    with pytest.raises(ValueError, match="Expected `Decimal` >= 1"):
        node.call.value("0.9")


def test_an_enum_that_takes_more_texts_is_asked():
    assert coerce(Lenient).call.value("anything") is Lenient.ON


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        (None, "annotated None"),
        (ipaddress.IPv4Address, "IPv4Address, which no text can express; expected str, int"),
        (complex, "complex, which no text can express"),
        (5, "annotated 5, which no text can express"),
        (Item, r"Item, which no text can express; Query\(\), Header\(\) or Cookie\(\) takes its fields"),
        (Typed, "Typed, which no text can express"),
        (list[Item], r"Item, which no text can express"),
        (dict, r"dict, which no text can express; Query\(\) takes a Struct"),
        (Empty, "an Enum without members"),
        (Ratio, "Ratio with the value 0.5, expected only str and int"),
        (Twice, "Twice, in which two values are written '1'"),
        (Literal[True], "with the value True"),
        (Literal[b"a"], "with the value b'a'"),
        (list[int] | int, r"list\[int\] \| int; one value or a list of them cannot be told apart"),
        (list[list[int]], "repeated parameters make one list"),
        (list[tuple[int, int]], "repeated parameters make one list"),
        (tuple[int, Item], "Item, which no text can express"),
        (typing.TypeVar("T"), "which no text can express"),
    ],
)
def test_types_that_no_text_can_express_are_refused(annotation, message):
    with pytest.raises(PlanError, match=message):
        coerce(annotation)
