"""Bodies made of one parameter and of several."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from django_bolt._plan import model
from django_bolt._plan.body import plan_body
from django_bolt._plan.errors import PlanError
from django_bolt._plan.signature import Factory
from django_bolt._plan.slot import BodyPart


class Item(msgspec.Struct):
    name: str


class Other(msgspec.Struct):
    size: int


def part(name: str, annotation: Any = Item, default: Any = UNSET, *, embed: bool = False, renamed: bool = False):
    return BodyPart(name=name, annotation=annotation, default=default, embed=embed, renamed=renamed)


def decoded(body: Any, data: bytes) -> Any:
    return body.decode.value(data)


def test_no_part_is_no_body_unless_the_request_is_read():
    assert plan_body([], reads_request=False) == (None, UNSET, [])
    assert plan_body([], reads_request=True) == (model.RawBody(), UNSET, [])


def test_one_part_is_the_whole_body():
    body, kind, arguments = plan_body([part("item")], reads_request=True)
    assert decoded(body, b'{"name": "a"}') == Item("a")
    assert (body.default, kind, arguments) == (None, Item, [model.BodyArgument()])


def test_an_optional_body_has_its_default():
    body, kind, _ = plan_body([part("item", Item | None, None)], reads_request=False)
    assert body.default.value is None
    assert kind == Item | None


def test_bytes_are_the_body_as_it_is():
    body, kind, arguments = plan_body([part("data", bytes)], reads_request=False)
    assert (body, kind, arguments) == (model.BytesBody(), bytes, [model.BodyArgument()])
    optional, _, _ = plan_body([part("data", bytes | None, None)], reads_request=False)
    assert isinstance(optional, model.BytesBody) and optional.default.value is None


def test_several_parts_are_keys_of_one_object():
    parts = [part("item"), part("other-size", Other | None, None), part("n", int, 5)]
    body, kind, arguments = plan_body(parts, reads_request=False)
    value = decoded(body, b'{"item": {"name": "a"}, "other-size": {"size": 1}}')
    assert [getattr(value, argument.field) for argument in arguments] == [Item("a"), Other(1), 5]
    assert body.default is None
    assert list(kind.__struct_encode_fields__) == ["item", "other-size", "n"]


def test_errors_name_the_key():
    body, _, _ = plan_body([part("item"), part("other", Other)], reads_request=False)
    with pytest.raises(msgspec.ValidationError, match=r"at `\$\.other\.size`"):
        decoded(body, b'{"item": {"name": "a"}, "other": {"size": "x"}}')
    with pytest.raises(msgspec.ValidationError, match="missing required field `item`"):
        decoded(body, b"{}")


def test_one_embedded_part():
    body, _, (argument,) = plan_body([part("item", embed=True)], reads_request=False)
    assert getattr(decoded(body, b'{"item": {"name": "a"}}'), argument.field) == Item("a")


def test_no_body_at_all_gives_every_default():
    factory = Factory(list, shown=[])
    parts = [part("item", Item | None, None), part("tags", list[str], factory)]
    body, _, arguments = plan_body(parts, reads_request=False)
    assert [getattr(body.default.value, argument.field) for argument in arguments] == [None, factory]
    first, second = (getattr(decoded(body, b"{}"), arguments[1].field) for _ in range(2))
    assert first == [] and first is not second


def test_keys_need_not_be_identifiers():
    body, _, (_, argument) = plan_body([part("class"), part("a b", int)], reads_request=False)
    assert getattr(decoded(body, b'{"class": {"name": "a"}, "a b": 1}'), argument.field) == 1


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([part("data", bytes), part("item")], "'data' takes the body as bytes, and 'item' takes from the same body"),
        ([part("a", Item), part("a", Other)], "two parameters take the key 'a' of the body, as Item and as Other"),
        ([part("a", renamed=True)], "'a' is the alias of a parameter that takes the whole body; add embed=True"),
    ],
)
def test_parts_that_cannot_share_a_body(parts, message):
    with pytest.raises(PlanError, match=message):
        plan_body(parts, reads_request=False)
