from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import uuid
from types import SimpleNamespace
from typing import Any, NotRequired, Optional, TypedDict

import msgspec
import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import SynchronousOnlyOperation
from django.db import models
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from django_bolt import _json
from django_bolt._runtime.encode import encoder_for, is_typed, type_encoder
from django_bolt.datastructures import QueryParams
from django_bolt.exceptions import ResponseValidationError


class Address(msgspec.Struct):
    city: str


class SecretAddress(Address):
    secret: str = "s3cret"


class UserSchema(msgspec.Struct):
    id: int
    username: str
    address: Address | None = None


class SecretUser(UserSchema):
    secret: str = "s3cret"


class Camel(msgspec.Struct, rename="camel"):
    first_name: str


class Sparse(msgspec.Struct, omit_defaults=True):
    a: int = 1
    address: Address | None = None


class Patch(msgspec.Struct):
    a: int | msgspec.UnsetType = msgspec.UNSET
    address: Address | msgspec.UnsetType = msgspec.UNSET


class Cat(msgspec.Struct, tag="cat"):
    address: Address


class Dog(msgspec.Struct, tag="dog"):
    address: Address


@dataclasses.dataclass
class Data:
    id: int
    address: Address


class Typed(TypedDict):
    id: int
    name: NotRequired[str]


class Status(models.TextChoices):
    ACTIVE = "active", "Active"


class Colour(enum.Enum):
    RED = "red"


class Everything(msgspec.Struct):
    text: str
    number: int
    when: datetime.datetime
    key: uuid.UUID
    price: decimal.Decimal
    colour: Colour


class ArticleSchema(msgspec.Struct):
    created_at: str


def encode(annotation, value, **options):
    return type_encoder(annotation, **options)[0](value)


PLAIN = {"id": 1, "username": "ann", "address": None}


@pytest.mark.parametrize("annotation", [msgspec.UNSET, None, Any, object, type(None)])
def test_untyped_is_the_shared_encoder(annotation):
    assert type_encoder(annotation) == (_json.encode, {dict: _json.encode, list: _json.encode})
    assert not is_typed(annotation)


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (UserSchema, UserSchema(1, "ann"), PLAIN),
        (UserSchema, SecretUser(1, "ann"), PLAIN),
        (UserSchema, UserSchema(1, "ann", SecretAddress("x")), PLAIN | {"address": {"city": "x"}}),
        (UserSchema, {"id": 1, "username": "ann", "password": "s3cret"}, PLAIN),
        (UserSchema, {"id": 1, "username": "ann", "address": SecretAddress("x")}, PLAIN | {"address": {"city": "x"}}),
        (UserSchema, SimpleNamespace(id=1, username="ann", address=None, secret=1), PLAIN),
        (UserSchema, SimpleNamespace(id=1, username="ann"), PLAIN),
        (list[UserSchema], [SecretUser(1, "ann"), dict(PLAIN)], [PLAIN, PLAIN]),
        (list[UserSchema], [{"id": 1, "username": "ann"}], [PLAIN]),
        (list[UserSchema], (SecretUser(1, "ann"),), [PLAIN]),
        (list[UserSchema], [], []),
        (dict[str, UserSchema], {"a": SecretUser(1, "ann")}, {"a": PLAIN}),
        (Optional[UserSchema], None, None),  # noqa: UP045  # the other spelling is to be met too
        (UserSchema | None, SecretUser(1, "ann"), PLAIN),
        (tuple[int, UserSchema], (1, SecretUser(1, "ann")), [1, PLAIN]),
        (Camel, Camel("x"), {"firstName": "x"}),
        (Camel, {"firstName": "x", "first_name": "y"}, {"firstName": "x"}),
        (Camel, {"first_name": "x"}, {"firstName": "x"}),
        (Data, Data(1, SecretAddress("x")), {"id": 1, "address": {"city": "x"}}),
        (Data, {"id": 1, "address": {"city": "x", "secret": 1}}, {"id": 1, "address": {"city": "x"}}),
        (Typed, {"id": 1, "secret": 1}, {"id": 1}),
        (Typed, {"id": 1, "name": "x"}, {"id": 1, "name": "x"}),
        (Sparse, Sparse(), {}),
        (Sparse, Sparse(2, SecretAddress("x")), {"a": 2, "address": {"city": "x"}}),
        (Patch, Patch(), {}),
        (Patch, Patch(1, SecretAddress("x")), {"a": 1, "address": {"city": "x"}}),
        (Cat | Dog, Dog(SecretAddress("x")), {"type": "dog", "address": {"city": "x"}}),
        (list[Cat | Dog], [Cat(SecretAddress("x"))], [{"type": "cat", "address": {"city": "x"}}]),
        (int, 5, 5),
        (set[int], {5}, [5]),
        (dict[str, Any], {"a": Address("x"), "b": QueryParams([("c", "d")])}, {"a": {"city": "x"}, "b": {"c": "d"}}),
        (
            dict[str, str],
            {"a": gettext_lazy("Yes"), "b": mark_safe("<b>"), "c": Status.ACTIVE},
            {"a": "Yes", "b": "<b>", "c": "active"},
        ),
        (Camel, {"firstName": gettext_lazy("Yes")}, {"firstName": "Yes"}),
        (Camel, Camel(mark_safe("<b>")), {"firstName": "<b>"}),
        (ArticleSchema, {"created_at": datetime.datetime(2020, 1, 2, 3)}, {"created_at": "2020-01-02T03:00:00"}),
    ],
)
def test_typed(annotation, value, expected):
    assert msgspec.json.decode(encode(annotation, value)) == expected


def test_every_scalar_type():
    value = Everything(
        "t",
        1,
        datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC),
        uuid.UUID(int=1),
        decimal.Decimal("1.50"),
        Colour.RED,
    )
    assert encode(Everything, value) == msgspec.json.encode(value)
    assert encode(Everything, msgspec.structs.asdict(value)) == msgspec.json.encode(value)
    assert encode(Everything, msgspec.to_builtins(value)) == msgspec.json.encode(value)


@pytest.mark.parametrize(
    ("annotation", "value", "words"),
    [
        (UserSchema, {"id": "x", "username": "ann"}, r"UserSchema: Expected `int`, got `str` - at `\$\.id`"),
        (UserSchema, {"username": "ann"}, "missing required field `id`"),
        (UserSchema, UserSchema("x", "ann"), r"\$\.id"),
        (list[UserSchema], [UserSchema(1, "ann"), UserSchema(1, 2)], r"\$\[1\]\.username"),
        (UserSchema, UserSchema(1, "ann", Address(5)), r"\$\.address\.city"),
        (UserSchema, UserSchema(1, "ann", {"city": 5}), r"\$\.address\.city"),
        (UserSchema, [], "Expected `object`, got `array`"),
        (UserSchema, None, "got `null`"),
        (UserSchema, "text", "got `str`"),
        (UserSchema, object(), "missing required field `id`"),
        (int, "5", "Expected `int`"),
        (Data, Data("x", Address("x")), r"\$\.id"),
        (Typed, {"name": "x"}, "missing required field `id`"),
        (Cat | Dog, {"type": "cow"}, "cow"),
        (dict[str, str], {"a": complex(1)}, "Expected `str`, got `complex`"),
        (Patch, Patch("x"), r"\$\.a"),
    ],
)
def test_mismatches_name_the_field(annotation, value, words):
    with pytest.raises(ResponseValidationError, match=words) as caught:
        encode(annotation, value)
    assert "declare another response_model" in str(caught.value)


class Raising:
    id = 1
    username = "ann"

    @property
    def address(self):
        raise LookupError("database is gone")


def test_a_failing_property_is_not_replaced_by_the_default():
    with pytest.raises(LookupError, match="database is gone"):
        encode(UserSchema, Raising())


def test_without_validation_values_go_out_as_they_are():
    assert encode(UserSchema, {"id": "x", "more": 1}, validate=False) == b'{"id":"x","more":1}'
    assert encode(UserSchema, SecretUser(1, "a"), validate=False) == msgspec.json.encode(SecretUser(1, "a"))


@pytest.mark.parametrize(
    ("annotation", "types"),
    [
        (UserSchema, (UserSchema,)),
        (UserSchema | None, (UserSchema,)),
        (Data, (Data,)),
        (list[UserSchema], ()),
        (Cat | Dog, (Cat, Dog)),
        (int, ()),
    ],
)
def test_types_that_are_encoded_at_once(annotation, types):
    encode, by_type = type_encoder(annotation)
    assert by_type == dict.fromkeys((dict, list, *types), encode)


def test_of_a_route():
    route = SimpleNamespace(response_type=UserSchema, declaration=SimpleNamespace(validate_response=False))
    encode, by_type = encoder_for(route)
    assert by_type == {dict: encode, list: encode, UserSchema: encode}
    assert encode({"a": 1}) == b'{"a":1}'


# Models -------------------------------------------------------------------------------------


class PermissionSchema(msgspec.Struct):
    codename: str
    content_type: ContentTypeSchema | None = None


class ContentTypeSchema(msgspec.Struct):
    model: str


@pytest.mark.django_db
@pytest.mark.parametrize("validate", [True, False])
def test_models_give_only_the_named_fields(validate):
    user = User.objects.create(username="ann", password="s3cret")
    expected = {"id": user.pk, "username": "ann"}
    for value in ([user], User.objects.all(), User.objects):
        encoded = encode(list[UserSchema], value, validate=validate)
        assert [row | expected for row in msgspec.json.decode(encoded)] == msgspec.json.decode(encoded)
        assert b"s3cret" not in encoded
    assert b"s3cret" not in encode(UserSchema, user, validate=validate)


@pytest.mark.django_db
async def test_an_unloaded_relation_under_a_loop_is_said_not_dropped():
    permission = [await Permission.objects.afirst()]
    with pytest.raises(SynchronousOnlyOperation) as caught:
        encode(list[PermissionSchema], permission)
    assert "Return the QuerySet itself" in caught.value.__notes__[0]
    loaded = [await Permission.objects.select_related("content_type").afirst()]
    assert b'"content_type":{"model":' in encode(list[PermissionSchema], loaded)


def test_a_model_under_a_type_without_fields():
    with pytest.raises((TypeError, ResponseValidationError)) as caught:
        encode(dict, User(username="ann", password="s3cret"))
    assert "s3cret" not in str(caught.value)
