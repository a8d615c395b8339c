from __future__ import annotations

import asyncio
import dataclasses
import datetime
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, NewType, TypedDict

import msgspec
import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import SynchronousOnlyOperation
from django.db.models import FileField, Model
from django.test.utils import isolate_apps
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from django_bolt._runtime.encode import type_encoder
from django_bolt._runtime.flat import ByType, Flat
from django_bolt._runtime.rows import Reader
from django_bolt._runtime.twin import Twins
from django_bolt.exceptions import ResponseValidationError

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


def flat(annotation: Any, otherwise: Any = None, by_type: ByType | None = None) -> Flat | None:
    twins = Twins(strict=True)
    twins.of(annotation)
    reader = Reader(annotation)
    by_type = {} if by_type is None else by_type
    return Flat.of(annotation, twins, reader, otherwise=otherwise or pytest.fail, by_type=by_type)


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


# What is converted as it is kept -------------------------------------------------------------


class Key(msgspec.Struct):
    content_type: int
    codename: str


class KeyId(msgspec.Struct):
    content_type_id: int
    codename: str


class Renamed(msgspec.Struct):
    username: str = msgspec.field(name="name")


class Tagged(msgspec.Struct, tag=True):
    username: str


class Defaults(msgspec.Struct):
    id: int
    username: str = "nobody"


class Picture(msgspec.Struct):
    picture: str


class Text(msgspec.Struct):
    date_joined: str
    username: str


class Watched(User):
    class Meta:
        app_label = "auth"
        proxy = True

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        return value.upper() if name == "username" else value


class Shown(User):
    username = property(
        lambda self: self.__dict__["username"].upper(), lambda self, value: self.__dict__.update(username=value)
    )

    class Meta:
        app_label = "auth"
        proxy = True


with isolate_apps("django.contrib.auth"):

    class Pictured(Model):
        picture = FileField()

        class Meta:
            app_label = "auth"


def met(annotation: Any, instance: Any) -> ByType:
    """Return the encoders of types that a type's encoder keeps once it has met an instance."""
    encode, by_type = type_encoder(annotation)
    before = set(by_type)
    with suppress(ResponseValidationError):
        encode(instance)
    return {kind: encoder for kind, encoder in by_type.items() if kind not in before}


USER = User(id=1, username="ann", email="a@b.c", date_joined=datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC))
PERMISSION = Permission(id=1, content_type_id=7, codename="add")


@pytest.mark.parametrize(
    ("annotation", "instance"),
    [(UserSchema, USER), (UserSchema | None, USER), (Alias, USER), (Data, USER), (KeyId, PERMISSION)],
)
def test_instances_that_keep_the_fields_by_their_names(annotation, instance):
    [(kind, at_once)] = met(annotation, instance).items()
    assert kind is type(instance)
    assert at_once(instance) == type_encoder(annotation)[0](instance)


@pytest.mark.parametrize(
    ("annotation", "instance"),
    [
        (Key, PERMISSION),
        (Renamed, User(username="ann")),
        (Tagged, USER),
        (Array, USER),
        (UserSchema, Watched(id=1, username="ann")),
        (UserSchema, Shown(id=1, username="ann")),
        # No text, but a file with its name.
        (Picture, Pictured(picture="a.png")),
        (list[UserSchema], [USER]),
        (Nested | int, 1),
    ],
)
def test_others_are_read_by_attribute(annotation, instance):
    assert met(annotation, instance) == {}


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (UserSchema, User(id=1, username=SafeString("<b>"))),
        (UserSchema, User(id=1, username=gettext_lazy("Yes"))),
        (Text, USER),
    ],
)
def test_what_msgspec_does_not_take_is_read_with_care(annotation, value):
    [at_once] = met(annotation, value).values()
    assert at_once(value) == type_encoder(annotation)[0](value)


@pytest.mark.parametrize("wrong", [{"username": 2}, {"id": "one"}, {"username": None}])
def test_what_does_not_fit_is_refused_in_the_same_words(wrong):
    value = User(**{"id": 1, "username": "ann", **wrong})
    [at_once] = met(UserSchema, USER).values()
    with pytest.raises(ResponseValidationError) as careful:
        type_encoder(UserSchema)[0](value)
    with pytest.raises(ResponseValidationError, match=re.escape(str(careful.value))):
        at_once(value)


def test_a_field_that_is_not_loaded_is_loaded_and_has_no_default(users):
    [at_once] = met(Defaults, users[0]).values()
    assert at_once(User.objects.only("pk").get(username="ann")) == b'{"id":%d,"username":"ann"}' % users[0].pk


def test_a_field_that_is_not_loaded_is_not_loaded_under_a_loop(users):
    [at_once] = met(Defaults, users[0]).values()
    deferred = User.objects.only("pk").get(username="ann")

    async def answer() -> None:
        at_once(deferred)

    with pytest.raises(SynchronousOnlyOperation):
        asyncio.run(answer())
