from __future__ import annotations

from typing import Any, NotRequired, TypedDict

import msgspec
import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.functional import SimpleLazyObject

from django_bolt._runtime.rows import (
    Reader,
    asks_database,
    attribute_names,
    holds_rows,
    is_scalar,
    mappings,
    only_record,
)
from django_bolt._runtime.twin import fields_of

pytestmark = pytest.mark.django_db


class UserSchema(msgspec.Struct):
    id: int
    username: str


class ContentTypeSchema(msgspec.Struct, rename="camel"):
    app_label: str
    model: str


class PermissionSchema(msgspec.Struct):
    codename: str
    content_type: ContentTypeSchema


class PermissionKey(msgspec.Struct):
    codename: str
    content_type: int


class GroupSchema(msgspec.Struct):
    name: str
    permissions: list[PermissionSchema]


class GroupKeys(msgspec.Struct):
    name: str
    permissions: list[int]


class UserWithGroups(msgspec.Struct):
    username: str
    groups: list[GroupSchema] = []
    is_anonymous: bool = True


class UserDict(TypedDict):
    username: str
    email: NotRequired[str]


class ReverseSchema(msgspec.Struct):
    model: str
    permission_set: list[PermissionKey]


class Tagged(msgspec.Struct, tag="user"):
    username: str


class Other(msgspec.Struct, tag="group"):
    name: str


class Row(msgspec.Struct, array_like=True):
    id: int
    username: str


@pytest.fixture
def user():
    return User.objects.create(username="ann", password="s3cret", email="a@example.com")


@pytest.fixture
def groups(user):
    content_type = ContentType.objects.get_for_model(User)
    permissions = [
        Permission.objects.create(codename=f"c{number}", name="n", content_type=content_type) for number in range(3)
    ]
    made = []
    for number in range(4):
        group = Group.objects.create(name=f"g{number}")
        group.permissions.set(permissions)
        user.groups.add(group)
        made.append(group)
    return made


def read(annotation, value):
    return Reader(annotation).read(value)


def test_only_the_named_fields(user):
    assert read(UserSchema, user) == {"id": user.pk, "username": "ann"}
    assert read(list[UserSchema], User.objects.all()) == [{"id": user.pk, "username": "ann"}]
    assert read(list[UserSchema], [user]) == [{"id": user.pk, "username": "ann"}]
    assert read(UserSchema | None, user) == {"id": user.pk, "username": "ann"}
    assert read(UserSchema | None, None) is None
    assert read(UserDict, user) == {"username": "ann", "email": "a@example.com"}
    assert read(Row, user) == [user.pk, "ann"]


def test_properties_are_read(user):
    assert read(UserWithGroups, user)["is_anonymous"] is False


def test_managers(user):
    assert read(list[UserSchema], User.objects) == [{"id": user.pk, "username": "ann"}]


def test_values_rows(user):
    assert read(list[UserSchema], User.objects.values("id", "username")) == [{"id": user.pk, "username": "ann"}]
    assert read(list[str], User.objects.values_list("username", flat=True)) == ["ann"]
    rows = ContentType.objects.filter(model="user").values("app_label", "model")
    assert read(list[ContentTypeSchema], rows) == [{"appLabel": "auth", "model": "user"}]


def test_nested_relations_cost_one_query_each(user, groups):
    expected = {
        "username": "ann",
        "groups": [
            {
                "name": group.name,
                "permissions": [
                    {"codename": f"c{number}", "content_type": {"appLabel": "auth", "model": "user"}}
                    for number in range(3)
                ],
            }
            for group in groups
        ],
        "is_anonymous": False,
    }
    with CaptureQueriesContext(connection) as queries:
        assert read(list[UserWithGroups], User.objects.all()) == [expected]
    assert len(queries) == 4
    with CaptureQueriesContext(connection) as queries:
        assert read(UserWithGroups, User.objects.get()) == expected
    assert len(queries) == 4


def test_loaded_relations_are_not_loaded_again(groups):
    loaded = list(Permission.objects.select_related("content_type").filter(codename__startswith="c"))
    with CaptureQueriesContext(connection) as queries:
        assert len(read(list[PermissionSchema], loaded)) == len(loaded)
    assert len(queries) == 0


def test_foreign_key_as_id_asks_nothing(groups):
    permission = Permission.objects.get(codename="c1")
    with CaptureQueriesContext(connection) as queries:
        assert read(PermissionKey, permission) == {"codename": "c1", "content_type": permission.content_type_id}
    assert len(queries) == 0


def test_many_to_many_as_ids(groups):
    expected = sorted(Permission.objects.filter(codename__in=["c0", "c1", "c2"]).values_list("pk", flat=True))
    assert sorted(read(GroupKeys, groups[0])["permissions"]) == expected


def test_reverse_relations(groups):
    content_type = ContentType.objects.get_for_model(User)
    rows = read(ReverseSchema, content_type)["permission_set"]
    assert {"codename": "c0", "content_type": content_type.pk} in rows


def test_unions(user, groups):
    assert read(Tagged, user) == {"type": "user", "username": "ann"}
    assert read(UserSchema | list[UserSchema], user) == {"id": user.pk, "username": "ann"}
    assert read(UserSchema | list[UserSchema], [user]) == [{"id": user.pk, "username": "ann"}]
    assert read(Tagged | Other, Other("g")) == {"type": "group", "name": "g"}
    assert read(int | str, user) == user.pk
    # Which of two records is meant cannot be told: left for the conversion to refuse.
    assert read(Tagged | Other, user) is user


def test_containers(user):
    row = {"id": user.pk, "username": "ann"}
    assert read(dict[str, UserSchema], {"a": user}) == {"a": row}
    assert read(tuple[int, UserSchema], (1, user)) == [1, row]
    assert read(tuple[UserSchema, ...], (user, user)) == [row, row]
    assert read(Any, user) is user
    assert read(dict[str, Any], {"a": user}) == {"a": user}
    assert read(list[UserSchema], "text") == "text"
    assert read(UserSchema, 5) == 5


class Nicknamed(msgspec.Struct):
    username: str
    nickname: str = "none"


class Page(msgspec.Struct):
    items: list[UserSchema]
    total: int


def test_rows_inside_plain_data(user):
    row = {"id": user.pk, "username": "ann"}
    assert read(Page, {"items": User.objects.all(), "total": 1, "other": 2}) == {"items": [row], "total": 1}
    assert read(Page, Page([user], 1)) == {"items": [row], "total": 1}


def test_a_missing_attribute_is_left_out(user):
    assert read(Nicknamed, user) == {"username": "ann"}


def test_holds_rows(user):
    assert holds_rows(user)
    assert holds_rows([user])
    assert holds_rows(User.objects.all())
    assert holds_rows(User.objects)
    assert not holds_rows([])
    assert not holds_rows([1])
    assert not holds_rows({"a": user})


def test_what_asks_the_database(user):
    evaluated = User.objects.all()
    assert asks_database(User.objects)
    assert asks_database(evaluated)
    assert list(evaluated)
    assert not asks_database(evaluated)
    assert not asks_database(user)
    assert not asks_database([user])


def test_a_lazy_instance(user):
    assert read(UserSchema, SimpleLazyObject(lambda: user)) == {"id": user.pk, "username": "ann"}


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (int, True),
        (str | None, True),
        (Any, True),
        (bytes, True),
        (list[int], False),
        (int | list[int], False),
        (dict, False),
        (UserSchema, False),
        (UserSchema | None, False),
    ],
)
def test_scalars(annotation, expected):
    assert is_scalar(annotation) is expected


def test_the_only_record_of_a_type():
    assert only_record(UserSchema) is UserSchema
    assert only_record(UserSchema | None) is UserSchema
    assert only_record(UserSchema | int) is None
    assert only_record(int) is None


def test_where_fields_are_read_from():
    assert attribute_names(Permission, fields_of(PermissionKey)) == ["codename", "content_type_id"]
    assert attribute_names(Permission, fields_of(PermissionSchema)) == ["codename", "content_type"]


def test_mappings_have_the_keys_of_the_json():
    assert mappings([("auth", "user")], fields_of(ContentTypeSchema)) == [{"appLabel": "auth", "model": "user"}]


def test_only_the_columns_of_the_type_are_selected(user):
    with CaptureQueriesContext(connection) as queries:
        read(list[UserSchema], User.objects.all())
        read(list[UserDict], User.objects)
        read(Page, {"items": User.objects.all(), "total": 1})
        read(list[UserSchema] | None, User.objects.all())
    assert len(queries) == 4
    assert not any("password" in query["sql"] for query in queries)


def test_items_that_may_be_one_of_two_records_are_instances(user):
    with CaptureQueriesContext(connection) as queries:
        rows = read(list[Tagged | Other], User.objects.all())
    assert len(queries) == 1
    assert rows == [user]
