from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any, NewType, TypedDict

import msgspec
import pytest
from django.contrib.auth.models import Group, User

from django_bolt._runtime.flat import Flat
from django_bolt._runtime.rows import Reader
from django_bolt._runtime.twin import Twins

pytestmark = pytest.mark.django_db


class UserSchema(msgspec.Struct):
    id: int
    username: str


class Name(msgspec.Struct, rename="upper", tag="name"):
    username: str


class Array(msgspec.Struct, array_like=True):
    username: str
    id: int


@dataclasses.dataclass
class Data:
    username: str


class Typed(TypedDict):
    username: str


class Sparse(msgspec.Struct, omit_defaults=True):
    username: str = ""


class Nested(msgspec.Struct):
    username: str
    groups: list[int]


class Empty(msgspec.Struct):
    pass


Alias = NewType("Alias", UserSchema)


def flat(annotation: Any, otherwise: Any = None) -> Flat | None:
    twins = Twins(strict=True)
    twins.of(annotation)
    return Flat.of(annotation, twins, Reader(annotation), otherwise=otherwise or pytest.fail)


@pytest.mark.parametrize(
    "annotation",
    [
        UserSchema,
        UserSchema | None,
        list[UserSchema],
        list[UserSchema | None] | None,
        Sequence[UserSchema],
        tuple[UserSchema, ...],
        list[Alias],
        Annotated[list[UserSchema], "documented"],
        Data,
        list[Array],
    ],
)
def test_records_of_scalars_and_lists_of_them(annotation):
    assert flat(annotation) is not None


@pytest.mark.parametrize(
    "annotation",
    [
        int,
        list[int],
        list,
        dict[str, UserSchema],
        tuple[UserSchema, UserSchema],
        list[list[UserSchema]],
        UserSchema | int,
        Annotated[list[UserSchema], msgspec.Meta(max_length=1)],
        Annotated[list[UserSchema], msgspec.Meta(max_length=1)] | None,
        Typed,
        Sparse,
        Nested,
        Empty,
    ],
)
def test_everything_else_goes_the_careful_way(annotation):
    assert flat(annotation) is None


@pytest.fixture
def users():
    return [User.objects.create(username=name, password="s3cret") for name in ("ann", "bob")]


def test_instances(users):
    ann = b'{"id":%d,"username":"ann"}' % users[0].pk
    bob = b'{"id":%d,"username":"bob"}' % users[1].pk
    assert flat(UserSchema).encode(users[0]) == ann
    assert flat(list[UserSchema]).encode(users) == b"[%b,%b]" % (ann, bob)
    assert flat(list[UserSchema]).encode(User.objects.order_by("pk")) == b"[%b,%b]" % (ann, bob)
    assert flat(list[UserSchema]).encode(User.objects) == b"[%b,%b]" % (ann, bob)
    assert flat(list[UserSchema]).encode(User.objects.none()) == b"[]"
    assert flat(Name).encode(users[0]) == b'{"type":"name","USERNAME":"ann"}'
    assert flat(list[Array]).encode(users[:1]) == b'[["ann",%d]]' % users[0].pk


def test_rows_that_have_to_be_instances(users):
    assert flat(list[Name]).encode(User.objects.distinct().filter(username="ann")) == (
        b'[{"type":"name","USERNAME":"ann"}]'
    )


class Wrong(msgspec.Struct, rename="upper"):
    username: int


@pytest.mark.parametrize("make", [lambda: User.objects.filter(username="ann"), lambda: [User.objects.first()]])
def test_what_does_not_fit_is_handed_on_as_it_was_read(users, make):
    handed = []
    flat(list[Wrong], handed.append).encode(make())
    assert handed == [[{"USERNAME": "ann"}]]


def test_a_single_instance_that_does_not_fit(users):
    handed = []
    flat(Wrong, handed.append).encode(users[0])
    assert handed == [{"USERNAME": "ann"}]


def test_what_cannot_be_read_at_once_is_handed_on_itself(users):
    for value in ([users[0], Group(name="a")], [users[0], 1], [Group(name="a")]):
        handed = []
        flat(list[Name], handed.append).encode(value)
        assert handed == [value]
    handed = []
    flat(Name, handed.append).encode(users)
    assert handed == [users]
