"""Types taken apart and spelled."""

from __future__ import annotations

import collections.abc
import dataclasses
import typing
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, Optional, TypedDict, TypeVar

import msgspec
import pytest
import typing_extensions
from typing_extensions import TypeAliasType

from django_bolt._plan.annotation import (
    collection,
    is_document,
    is_keyed,
    is_mapping,
    is_named_tuple,
    is_record,
    is_typed_dict,
    item_of,
    members,
    peel,
    spell,
    without_none,
)

T = TypeVar("T")
UserId = NewType("UserId", int)
Short = TypeAliasType("Short", Annotated[str, "short"])
Pair = TypeAliasType("Pair", list[T], type_params=(T,))


class Item(msgspec.Struct):
    name: str


class Page(msgspec.Struct, Generic[T]):
    items: list[T]


@dataclasses.dataclass
class Data:
    name: str


class Typed(TypedDict):
    name: str


class Named(NamedTuple):
    name: str


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (int, (int, ())),
        (Annotated[int, 1, 2], (int, (1, 2))),
        (UserId, (int, ())),
        (Annotated[UserId, 1], (int, (1,))),
        (Short, (str, ("short",))),
        (Annotated[Short, "outer"], (str, ("short", "outer"))),
        (Pair[int], (list[int], ())),
    ],
)
def test_peel_takes_every_wrapping_off(annotation, expected):
    assert peel(annotation) == expected


def test_members_follow_aliases_and_nested_unions():
    alias = TypeAliasType("alias", int | None)
    assert members(Optional[alias | str]) == (int, type(None), str, type(None))  # noqa: UP045
    assert members(int) == (int,)
    assert members(Annotated[int | str, 1]) == (int, str)


def test_none_is_no_member_of_what_is_left():
    assert without_none(int | None) == (int,)
    assert without_none(None) == ()


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (list, list),
        (list[int], list),
        (typing.List[int], list),  # noqa: UP006
        (collections.abc.Sequence[int], list),
        (tuple[int, ...], tuple),
        (tuple, tuple),
        (tuple[int, str], None),
        (set[int], set),
        (frozenset[int], frozenset),
        (collections.abc.Set[int], set),
        (Annotated[list[int], 1], list),
        (int, None),
        (dict[str, int], None),
        (Literal["a"], None),
    ],
)
def test_collection_names_what_items_are_put_in(annotation, expected):
    assert collection(annotation) is expected


def test_items_without_a_type_are_any():
    assert item_of(list) is Any
    assert item_of(list[int]) is int


@pytest.mark.parametrize("kind", [Item, Page, Page[int], Data, Typed, Named, Annotated[Item, 1]])
def test_records_have_named_fields(kind):
    assert is_record(kind)
    assert is_document(kind)


def test_kinds_of_records():
    assert [
        kind for kind in (Item, Page, Page[int], Data, Typed, Named, dict, dict[str, int], 1) if is_keyed(kind)
    ] == [
        Item,
        Page,
        Page[int],
        Data,
        Typed,
    ]
    assert is_typed_dict(Typed) and not is_typed_dict(dict) and not is_typed_dict(Item)
    assert is_typed_dict(typing_extensions.TypedDict("Late", {"a": int}))
    assert is_named_tuple(Named) and not is_named_tuple(tuple) and not is_named_tuple(tuple[int])


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (dict, True),
        (dict[str, Any], True),
        (collections.abc.Mapping[str, int], True),
        (list[Item], True),
        (Item | None, True),
        (Item | str, True),
        (list[dict] | None, True),
        (list[int], False),
        (str, False),
        (Any, False),
    ],
)
def test_documents_are_what_only_a_document_holds(annotation, expected):
    assert is_document(annotation) is expected


def test_a_record_is_no_mapping():
    assert is_mapping(dict) and not is_mapping(Item)


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (int, "int"),
        (None, "None"),
        (int | None, "int | None"),
        (Optional[Item], "Item | None"),  # noqa: UP045
        (list[int | str], "list[int | str]"),
        (tuple[int, ...], "tuple[int, ...]"),
        (Literal["a", 1], "Literal['a', 1]"),
        (Annotated[int, msgspec.Meta(ge=1)], "Annotated[int, Meta(ge=1)]"),
        (Page[int], "Page[int]"),
        (UserId, "UserId"),
        (5, "5"),
    ],
)
def test_spelling_is_the_authors(annotation, expected):
    assert spell(annotation) == expected
