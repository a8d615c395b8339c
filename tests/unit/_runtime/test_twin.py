from __future__ import annotations

import dataclasses
import datetime
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, NotRequired, Optional, TypedDict, TypeVar

import msgspec
import pytest
from msgspec import Meta
from typing_extensions import TypeAliasType

from django_bolt._runtime.twin import Twins, fields_of, members, strip

T = TypeVar("T")


class Inner(msgspec.Struct):
    b: int


class Outer(msgspec.Struct, rename="camel", tag="outer"):
    first_name: Annotated[str, Meta(max_length=3)]
    inner: Inner
    many: list[Inner] = []
    other: Inner | None = None


class Page(msgspec.Struct, Generic[T]):
    items: list[T]
    total: int = 0


class Inners(Page[Inner]):
    extra: int = 1


class Wrapped(Page[T], Generic[T]):
    pass


class Tree(msgspec.Struct):
    value: int
    children: list[Tree] = []
    parent: Tree | None = None


class TreeDict(TypedDict):
    value: int
    children: NotRequired[list[TreeDict]]


@dataclasses.dataclass
class Data:
    a: int
    inner: Inner
    items: list[Inner] = dataclasses.field(default_factory=list)


class Loose(TypedDict, total=False):
    a: int
    inner: Inner


class Tight(TypedDict):
    a: Annotated[int, Meta(ge=1)]
    b: NotRequired[Annotated[int, Meta(ge=1)]]


class Point(NamedTuple):
    x: int
    inner: Inner


class Left(msgspec.Struct, tag=True):
    inner: Inner


class Right(msgspec.Struct, tag=True):
    inner: Inner


class Row(msgspec.Struct, array_like=True):
    a: int
    inner: Inner


class Sparse(msgspec.Struct, omit_defaults=True):
    a: int = 1
    inner: Inner | None = None


class Unset(msgspec.Struct):
    a: int | msgspec.UnsetType = msgspec.UNSET


UserId = NewType("UserId", int)
Positive = NewType("Positive", Annotated[int, Meta(gt=0)])
Alias = TypeAliasType("Alias", Annotated[list[Inner], Meta(max_length=1)])
Pages = TypeAliasType("Pages", Page[T], type_params=(T,))
GOOD, BAD = {"b": 1}, {"b": "x"}


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        (Inner, GOOD, BAD),
        (Outer, {"type": "outer", "firstName": "abc", "inner": GOOD}, {"firstName": "abcd", "inner": GOOD}),
        (Outer, {"firstName": "abc", "inner": GOOD, "many": [GOOD], "other": None}, {"firstName": "abc", "inner": BAD}),
        (list[Inner], [GOOD], [BAD]),
        (dict[str, Inner], {"k": GOOD}, {"k": BAD}),
        (tuple[int, Inner], [1, GOOD], [1, BAD]),
        (tuple[Inner, ...], [GOOD, GOOD], [GOOD, BAD]),
        (Inner | None, None, BAD),
        (Optional[list[Inner]], [GOOD], [BAD]),  # noqa: UP045  # the other spelling is to be met too
        (Annotated[list[Inner], Meta(max_length=1)], [GOOD], [GOOD, GOOD]),
        (Page[Inner], {"items": [GOOD]}, {"items": [BAD]}),
        (Inners, {"items": [GOOD]}, {"items": [BAD]}),
        (Wrapped[Inner], {"items": [GOOD]}, {"items": [BAD]}),
        (Tree, {"value": 1, "children": [{"value": 2}]}, {"value": 1, "children": [{"value": "x"}]}),
        (Tree, {"value": 1, "parent": {"value": 2}}, {"value": 1, "parent": {"value": "x"}}),
        (TreeDict, {"value": 1, "children": [{"value": 2}]}, {"value": 1, "children": [{"value": "x"}]}),
        (Data, {"a": 1, "inner": GOOD}, {"a": 1, "inner": BAD}),
        (Loose, {"inner": GOOD}, {"inner": BAD}),
        (Tight, {"a": 1}, {"a": 0}),
        (Tight, {"a": 1, "b": 1}, {"a": 1, "b": 0}),
        (Tight, {"a": 1}, {"b": 1}),
        (Point, [1, GOOD], [1, BAD]),
        (Left | Right, {"type": "Right", "inner": GOOD}, {"type": "Right", "inner": BAD}),
        (Left | Right, {"type": "Left", "inner": GOOD}, {"type": "Middle", "inner": GOOD}),
        (Row, [1, GOOD], [1, BAD]),
        (Sparse, {}, {"inner": BAD}),
        (UserId, 1, "x"),
        (Literal["a"], "a", "b"),
        (dict[str, Any], {"a": [1]}, [1]),
        (datetime.date, "2020-01-01", "x"),
        (list, [1], {}),
    ],
)
def test_a_twin_accepts_and_refuses_what_the_type_does(annotation, good, bad):
    twin = Twins(strict=False).of(annotation)
    made = msgspec.convert(good, twin)
    assert msgspec.json.encode(made) == msgspec.json.encode(msgspec.convert(good, annotation))
    for kind in (annotation, twin):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(bad, kind)


class Inner2(Inner):
    secret: str = "s3cret"


@dataclasses.dataclass
class Data2(Data):
    secret: str = "s3cret"


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (Inner, Inner2(1)),
        (Outer, Outer("abc", Inner2(1), [Inner2(2)], Inner2(3))),
        (list[Inner], [Inner2(1)]),
        (Page[Inner], Page([Inner2(1)])),
        (Alias, [Inner2(1)]),
        (Pages[Inner], Page([Inner2(1)])),
        (Wrapped[Inner], Wrapped([Inner2(1)])),
        (Inners, Inners([Inner2(1)])),
        (Data, Data2(1, Inner2(1))),
        (Data, Data(1, Inner2(1), [Inner2(2)])),
        (Point, Point(1, Inner2(2))),
        (Loose, {"a": 1, "inner": Inner2(1), "secret": "s3cret"}),
        (Tree, Tree(1, [Tree(2)])),
        (Row, Row(1, Inner2(2))),
    ],
)
def test_nothing_a_subclass_adds_gets_through(annotation, value):
    made = msgspec.convert(value, Twins(strict=True).of(annotation), from_attributes=True)
    assert b"s3cret" not in msgspec.json.encode(made)
    assert msgspec.json.encode(made) == msgspec.json.encode(value).replace(b',"secret":"s3cret"', b"")


@pytest.mark.parametrize(("annotation", "bad"), [(Positive, 0), (Alias, [GOOD, GOOD]), (list[Alias], [[GOOD, GOOD]])])
def test_a_constraint_behind_another_name_counts(annotation, bad):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(bad, Twins(strict=True).of(annotation))


def test_strict_twins_have_no_defaults():
    with pytest.raises(msgspec.ValidationError, match="total"):
        msgspec.convert({"items": []}, Twins(strict=True).of(Page[int]))


class Hooked(msgspec.Struct):
    a: int

    def __post_init__(self):
        self.a *= 100


def test_no_post_init_runs_again():
    made = msgspec.convert(Hooked(1), Twins(strict=True).of(Hooked), from_attributes=True)
    assert made.a == 100


@pytest.mark.parametrize(
    ("annotation", "expected"), [(Sparse, True), (list[Unset], True), (Outer, False), (Page[Unset], True)]
)
def test_types_that_leave_fields_out_are_known(annotation, expected):
    twins = Twins(strict=True)
    twins.of(annotation)
    assert twins.may_leave_out is expected


def test_fields():
    assert [(field.name, field.wire, field.required) for field in fields_of(Outer)] == [
        ("first_name", "firstName", True),
        ("inner", "inner", True),
        ("many", "many", False),
        ("other", "other", False),
    ]
    assert [field.type for field in fields_of(Page[Inner])] == [list[Inner], int]
    assert [field.required for field in fields_of(Tight)] == [True, False]
    assert [field.required for field in fields_of(Data)] == [True, True, False]


def test_helpers():
    assert strip(Annotated[NotRequired[UserId], 1]) is int
    assert members(Annotated[int | None, 1]) == (int, type(None))
