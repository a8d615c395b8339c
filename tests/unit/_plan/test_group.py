"""Records whose fields are parameters."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Generic, NamedTuple, NotRequired, Required, TypedDict, TypeVar

import msgspec
import pytest
from msgspec import UNSET, Meta

from django_bolt._plan import model
from django_bolt._plan.errors import PlanError, UnresolvedName
from django_bolt._plan.group import group_slot, read_fields, wire_name
from django_bolt._plan.signature import read_parameters
from django_bolt._plan.text import coercion
from django_bolt.params import Cookie, Header, Query

T = TypeVar("T")


class Filters(msgspec.Struct, rename="camel"):
    name: str
    page_size: Annotated[int, Meta(ge=1, description="Rows")] = 20
    tags: list[str] = []
    sort_by: str | None = msgspec.field(default=None, name="order")


@dataclasses.dataclass
class Data:
    x_key: str
    kind: int = 1
    many: set[int] = dataclasses.field(default_factory=set)
    made: str = dataclasses.field(init=False, default="")


class Typed(TypedDict, total=False):
    a: Required[int]
    b: NotRequired[Annotated[str, Meta(min_length=1)]]
    c: bool


class Generic_(msgspec.Struct, Generic[T]):  # noqa: N801
    value: T


class Optional_(msgspec.Struct):  # noqa: N801
    a: int = 1


class Nested(msgspec.Struct):
    inner: Optional_


class Marked(msgspec.Struct):
    a: Annotated[int, Query(alias="b")]


class Dangling(msgspec.Struct):
    a: Missing  # noqa: F821


class Row(NamedTuple):
    a: int


def slot_of(annotation: Any, factory: Any = Query, default: Any = ..., **options: Any) -> Any:
    def handler(group=default):
        return group

    handler.__annotations__["group"] = Annotated[annotation, factory(**options)]
    (parameter,) = read_parameters(handler)
    return group_slot(parameter, annotation, parameter.marker, parameter.marker.source)


def shape(slot: Any) -> list[tuple[str, bool, str, str]]:
    return [(field.keyword, field.required, field.wire, coercion(field.coerce)) for field in slot.argument.fields]


def test_fields_of_a_struct_keep_their_names_and_bounds():
    slot = slot_of(Filters)
    assert slot.argument.build.value is Filters
    assert shape(slot) == [
        ("name", True, "name", "str"),
        ("page_size", False, "pageSize", "int(ge=1)"),
        ("tags", False, "tags", "list(str)"),
        ("sort_by", False, "order", "str"),
    ]
    assert [(info.required, info.default, info.description) for info in slot.infos] == [
        (True, UNSET, None),
        (False, 20, "Rows"),
        (False, UNSET, None),
        (False, None, None),
    ]


def test_fields_of_a_dataclass():
    assert shape(slot_of(Data, Header)) == [
        ("x_key", True, "x-key", "str"),
        ("kind", False, "kind", "int"),
        ("many", False, "many", "set(int)"),
    ]


def test_fields_of_a_typed_dict():
    assert shape(slot_of(Typed, Cookie)) == [
        ("a", True, "a", "int"),
        ("b", False, "b", "str(min_length=1)"),
        ("c", False, "c", "bool"),
    ]


def test_a_generic_record_is_built_by_its_class():
    slot = slot_of(Generic_[int])
    assert slot.argument.build.value is Generic_
    assert shape(slot) == [("value", True, "value", "int")]


def test_a_default_of_the_whole_group():
    assert slot_of(Filters).argument.default is None
    slot = slot_of(Filters, default=None)
    assert slot.argument.default.value is None
    assert not any(info.required for info in slot.infos)
    # Within a group that is present, a field is as required as ever.
    assert slot.argument.fields[0].required


def test_a_renamed_header_is_lower_case():
    slot = slot_of(Filters, Header)
    assert [field.wire for field in slot.argument.fields] == ["name", "pagesize", "tags", "order"]


@pytest.mark.parametrize(
    ("annotation", "options", "message"),
    [
        (Filters, {"ge": 1}, "has ge=, which does not fit Filters: its fields have their own"),
        (Filters, {"alias": "f"}, "has alias=, which does not fit Filters"),
        (Nested, {}, "field 'inner' of Nested: is annotated Optional_, which no text can express"),
        (Marked, {}, "field 'a' of Marked: has a marker inside int"),
        (Row, {}, "is annotated Row; only a Struct, a dataclass and a TypedDict can group"),
    ],
)
def test_records_that_cannot_group(annotation, options, message):
    with pytest.raises(PlanError, match=message):
        slot_of(annotation, **options)


def test_a_field_of_an_unknown_type_is_unresolved():
    with pytest.raises(UnresolvedName, match="Missing in a field of Dangling is no name at the top level of"):
        read_fields(Dangling)


def test_equal_groups_share_one_lookup_and_others_do_not():
    assert slot_of(Filters).same(slot_of(Filters))
    assert not slot_of(Filters).same(slot_of(Filters, default=None))
    assert not slot_of(Filters).same(slot_of(Filters, Cookie))
    assert not slot_of(Generic_[int]).same(slot_of(Generic_[str]))


@pytest.mark.parametrize(
    ("source", "name", "alias", "expected"),
    [
        ("header", "x_api_key", None, "x-api-key"),
        ("header", "x_api_key", "X-Custom", "x-custom"),
        ("query", "page_size", None, "page_size"),
        ("query", "page_size", "pageSize", "pageSize"),
        ("cookie", "session_id", "sessionid", "sessionid"),
    ],
)
def test_names_on_the_wire(source, name, alias, expected):
    assert wire_name(source, name, alias) == expected


@pytest.mark.parametrize("alias", ["", "a\r\nb", "a\0b"])
def test_aliases_that_are_no_names(alias):
    with pytest.raises(PlanError, match="has the alias"):
        wire_name("header", "a", alias)


def test_the_model_of_a_group():
    assert isinstance(slot_of(Filters).argument, model.Group)
