"""Models and QuerySets as return values: by the fields of the declared type, and never without one."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType

from django_bolt import BoltAPI
from django_bolt.testing import AsyncTestClient, TestClient
from tests.http.kinds import kinds
from tests.testapp.models import Item, Tag

pytestmark = pytest.mark.django_db


class TagSchema(msgspec.Struct):
    name: str


class ItemSchema(msgspec.Struct):
    id: int
    name: str
    price: Decimal
    tags: list[TagSchema]


class ItemNames(msgspec.Struct):
    name: str
    tags: list[int]


class TypeSchema(msgspec.Struct):
    app_label: str
    model: str


class PermissionSchema(msgspec.Struct):
    codename: str
    content_type: TypeSchema


class PermissionKeys(msgspec.Struct):
    codename: str
    content_type: int
    content_type_id: int


class TypeWithPermissions(msgspec.Struct):
    model: str
    permission_set: list[PermissionKeys]


class UserSchema(msgspec.Struct):
    id: int
    username: str


def application(make: Callable[[], Any], kind: Any) -> tuple[BoltAPI, list[str]]:
    api = BoltAPI()
    found = kinds(make)
    for name, (handler, options) in found.items():
        if kind is not None:
            options = {**options, "response_model": kind}
        api.get(f"/{name}", **options)(handler)
    return api, [f"/{name}" for name in found]


def answer(make: Callable[[], Any], kind: Any) -> Any:
    """Return what every kind of handler answers alike."""
    api, paths = application(make, kind)
    with TestClient(api) as client:
        answers = [client.get(path) for path in paths]
    assert [one.status_code for one in answers] == [200] * len(paths)
    assert len({one.content for one in answers}) == 1
    return answers[0].json()


@pytest.fixture
def items() -> list[Item]:
    made = [Item.objects.create(name=name, price=Decimal("1.50")) for name in ("a", "b", "c")]
    red, blue = Tag.objects.create(name="red"), Tag.objects.create(name="blue")
    made[0].tags.set([red, blue])
    made[1].tags.set([blue])
    return made


def as_json(item: Item, *tags: str) -> dict[str, Any]:
    return {"id": item.pk, "name": item.name, "price": "1.50", "tags": [{"name": tag} for tag in tags]}


def test_an_instance(items: list[Item]) -> None:
    found = answer(lambda: items[1], ItemSchema)
    assert found == as_json(items[1], "blue")


def test_a_queryset_with_a_many_to_many_list(items: list[Item]) -> None:
    found = answer(lambda: Item.objects.order_by("name"), list[ItemSchema])
    assert found == [as_json(items[0], "red", "blue"), as_json(items[1], "blue"), as_json(items[2])]


def test_a_manager_and_a_slice(items: list[Item]) -> None:
    assert len(answer(lambda: Item.objects, list[ItemSchema])) == 3
    assert answer(lambda: Item.objects.order_by("name")[1:2], list[ItemSchema]) == [as_json(items[1], "blue")]


def test_a_list_of_instances(items: list[Item]) -> None:
    assert answer(lambda: [items[2], items[1]], list[ItemSchema]) == [as_json(items[2]), as_json(items[1], "blue")]


def test_a_list_of_instances_with_their_relations_loaded(items: list[Item]) -> None:
    loaded = list(Item.objects.prefetch_related("tags").order_by("name"))
    expected = [as_json(items[0], "red", "blue"), as_json(items[1], "blue"), as_json(items[2])]
    assert answer(lambda: loaded, list[ItemSchema]) == expected
    assert answer(lambda: {"all": loaded}, dict[str, list[ItemSchema]]) == {"all": expected}


def test_a_many_to_many_relation_as_keys(items: list[Item]) -> None:
    (found,) = answer(lambda: Item.objects.filter(name="b"), list[ItemNames])
    assert found == {"name": "b", "tags": [Tag.objects.get(name="blue").pk]}


def test_rows_as_dicts(items: list[Item]) -> None:
    assert answer(lambda: Tag.objects.order_by("name").values("name"), list[TagSchema]) == [
        {"name": "blue"},
        {"name": "red"},
    ]


def test_a_nested_foreign_key() -> None:
    found = answer(lambda: Permission.objects.filter(codename="add_item"), list[PermissionSchema])
    assert found == [{"codename": "add_item", "content_type": {"app_label": "testapp", "model": "item"}}]


def test_a_foreign_key_as_its_key() -> None:
    key = ContentType.objects.get_for_model(Item).pk
    permission = Permission.objects.get(codename="add_item")
    found = answer(lambda: permission, PermissionKeys)
    assert found == {"codename": "add_item", "content_type": key, "content_type_id": key}


def test_a_reverse_relation() -> None:
    found = answer(lambda: ContentType.objects.filter(model="tag"), list[TypeWithPermissions])
    assert [one["model"] for one in found] == ["tag"]
    assert {one["codename"] for one in found[0]["permission_set"]} == {
        "add_tag",
        "change_tag",
        "delete_tag",
        "view_tag",
    }


def test_an_instance_inside_a_dict(items: list[Item]) -> None:
    assert answer(lambda: {"one": items[2]}, dict[str, ItemSchema]) == {"one": as_json(items[2])}


def test_none_for_an_optional_instance() -> None:
    assert answer(lambda: None, ItemSchema | None) is None


def test_the_queries_do_not_grow_with_the_rows(items: list[Item], django_assert_num_queries: Any) -> None:
    api, paths = application(lambda: Item.objects.order_by("name"), list[ItemSchema])
    with TestClient(api) as client:
        for path in paths:
            with django_assert_num_queries(2):
                client.get(path)


def test_a_relation_that_is_not_named_is_not_read(items: list[Item], django_assert_num_queries: Any) -> None:
    api, paths = application(lambda: Item.objects.all(), list[TagSchema])
    with TestClient(api) as client:
        for path in paths:
            with django_assert_num_queries(1):
                assert client.get(path).json() == [{"name": "a"}, {"name": "b"}, {"name": "c"}]


async def test_the_async_client(transactional_db: None) -> None:
    api, paths = application(lambda: Item.objects.order_by("name"), list[ItemSchema])
    async with AsyncTestClient(api) as client:
        assert (await client.get(paths[0])).json() == []
        await Item.objects.acreate(name="a", price=Decimal("1.50"))
        for path in paths:
            assert [row["name"] for row in (await client.get(path)).json()] == ["a"], path


@pytest.mark.parametrize("shape", ["instance", "queryset", "manager", "list", "dict"])
def test_without_a_type_it_is_a_500_that_shows_nothing(shape: str, caplog: pytest.LogCaptureFixture) -> None:
    users = get_user_model()
    user = users.objects.create_user("someone", "someone@example.com", "hunter2")
    shapes: dict[str, Callable[[], Any]] = {
        "instance": lambda: user,
        "queryset": lambda: users.objects.all(),
        "manager": lambda: users.objects,
        "list": lambda: [user],
        "dict": lambda: {"user": user},
    }
    api, paths = application(shapes[shape], None)
    with TestClient(api, raise_server_exceptions=False) as client:
        for path in paths:
            caplog.clear()
            response = client.get(path)
            assert (response.status_code, response.json()) == (500, {"detail": "Internal Server Error"})
            assert "someone" not in response.text
            (record,) = [record for record in caplog.records if record.name == "django.request"]
            assert "User" in caplog.text
            assert "response_model" in caplog.text
            assert record.exc_info is not None


@pytest.mark.parametrize("kind", [dict, dict[str, Any], list[Any], list[dict[str, Any]]])
def test_a_type_that_names_no_field_shows_nothing_either(kind: Any, caplog: pytest.LogCaptureFixture) -> None:
    users = get_user_model()
    users.objects.create_user("someone", "someone@example.com", "hunter2")
    api, paths = application(lambda: users.objects.all(), kind)
    with TestClient(api, raise_server_exceptions=False) as client:
        for path in paths:
            response = client.get(path)
            assert response.status_code == 500
            assert "someone" not in response.text


@pytest.mark.parametrize("validate", [True, False])
def test_a_user_shows_the_declared_fields_only(validate: bool) -> None:
    user = get_user_model().objects.create_user("someone", "someone@example.com", "hunter2")
    api = BoltAPI()

    @api.get("/x", validate_response=validate)
    async def handler() -> UserSchema:
        return user

    with TestClient(api) as client:
        assert client.get("/x").json() == {"id": user.pk, "username": "someone"}


def test_a_field_that_the_model_has_not_is_a_500_naming_it(caplog: pytest.LogCaptureFixture) -> None:
    permission = Permission.objects.get(codename="add_item")
    api, paths = application(lambda: permission, UserSchema)
    with TestClient(api, raise_server_exceptions=False) as client:
        assert client.get(paths[0]).status_code == 500
    assert "username" in caplog.text
