"""A declared response type validates and filters what a handler returns."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any, TypedDict

import msgspec
import pytest
from django.http import HttpResponse

from django_bolt import BoltAPI
from django_bolt._plan.errors import PlanError
from django_bolt.exceptions import NotFound, ResponseValidationError
from django_bolt.responses import HTML, JSON, Response
from django_bolt.testing import TestClient


class Tag(msgspec.Struct):
    name: str


class User(msgspec.Struct):
    id: int
    name: str
    tags: list[Tag] = []


class Secret(User):
    password: str = "hunter2"


@dataclass
class Point:
    x: int


class Size(TypedDict):
    width: int


class Attributes:
    id = 1
    name = "a"
    tags = ()
    password = "hunter2"


def answer(value: Any, kind: Any, *, is_async: bool = True, annotate: bool = True, **options: Any) -> Any:
    api = BoltAPI()

    def handler():
        return value

    async def async_handler():
        return value

    chosen: Any = async_handler if is_async else handler
    if annotate:
        chosen.__annotations__["return"] = kind
    else:
        options["response_model"] = kind
    api.get("/x", **options)(chosen)
    with TestClient(api) as client:
        return client.get("/x")


@pytest.mark.parametrize("annotate", [True, False])
@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ({"id": 1, "name": "a", "password": "hunter2"}, User, {"id": 1, "name": "a", "tags": []}),
        (User(1, "a", [Tag("t")]), User, {"id": 1, "name": "a", "tags": [{"name": "t"}]}),
        (Secret(1, "a"), User, {"id": 1, "name": "a", "tags": []}),
        (Attributes(), User, {"id": 1, "name": "a", "tags": []}),
        ([{"id": 1, "name": "a", "x": 1}], list[User], [{"id": 1, "name": "a", "tags": []}]),
        ([Secret(1, "a")], list[User], [{"id": 1, "name": "a", "tags": []}]),
        ({"one": Secret(1, "a")}, dict[str, User], {"one": {"id": 1, "name": "a", "tags": []}}),
        ({"x": 1, "y": 2}, Point, {"x": 1}),
        ({"width": 1}, Size, {"width": 1}),
        (None, User | None, None),
        ([1, 2], list[int], [1, 2]),
        ({"a": 1}, dict[str, Any], {"a": 1}),
        ({"a": 1}, dict, {"a": 1}),
        (datetime.date(2024, 1, 2), datetime.date, "2024-01-02"),
    ],
)
def test_values_are_filtered_to_their_type(
    value: Any, kind: Any, expected: Any, is_async: bool, annotate: bool
) -> None:
    response = answer(value, kind, is_async=is_async, annotate=annotate)
    assert (response.status_code, response.json()) == (200, expected)


@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize(
    ("value", "kind", "field"),
    [
        ({"id": "x", "name": "a"}, User, "id"),
        ({"id": 1}, User, "name"),
        (User("x", "a"), User, "id"),
        ([{"id": 1, "name": 2}], list[User], "name"),
        ({"id": 1, "name": "a", "tags": [{"name": 3}]}, User, "tags[...].name"),
        ("text", int, "int"),
    ],
)
def test_a_mismatch_is_a_500_whose_log_names_the_field(
    value: Any, kind: Any, field: str, is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    api = BoltAPI()

    def handler():
        return value

    async def async_handler():
        return value

    api.get("/x", response_model=kind)(async_handler if is_async else handler)
    with TestClient(api, raise_server_exceptions=False) as client:
        response = client.get("/x")
    assert (response.status_code, response.json()) == (500, {"detail": "Internal Server Error"})
    assert field.replace("[...]", "").split(".")[-1] in caplog.text
    (record,) = [record for record in caplog.records if record.name == "django.request"]
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ResponseValidationError)


def test_under_debug_the_body_names_the_field(settings: Any) -> None:
    settings.DEBUG = True
    api = BoltAPI()

    @api.get("/x")
    async def handler() -> User:
        return {"id": "x", "name": "a"}

    with TestClient(api, raise_server_exceptions=False) as client:
        response = client.get("/x")
    assert response.status_code == 500
    assert "$.id" in response.text


def test_validate_response_false_turns_it_off() -> None:
    value = {"id": "x", "other": 1}
    assert answer(value, User, validate_response=False).json() == value


def test_the_application_s_default_can_be_turned_off_and_a_route_s_wins() -> None:
    api = BoltAPI(validate_response=False)

    @api.get("/off")
    async def off() -> User:
        return {"id": "x"}

    @api.get("/on", validate_response=True)
    async def on() -> User:
        return {"id": "x"}

    with TestClient(api, raise_server_exceptions=False) as client:
        assert client.get("/off").json() == {"id": "x"}
        assert client.get("/on").status_code == 500


def test_response_model_beats_the_annotation_and_none_means_no_type() -> None:
    api = BoltAPI()

    @api.get("/model", response_model=User)
    async def model() -> dict[str, int]:
        return {"id": 1, "name": "a", "x": 1}

    @api.get("/none", response_model=None)
    async def none() -> User:
        return {"anything": 1}

    with TestClient(api) as client:
        assert client.get("/model").json() == {"id": 1, "name": "a", "tags": []}
        assert client.get("/none").json() == {"anything": 1}


@pytest.mark.parametrize("kind", [Response, JSON, HTML, HttpResponse])
def test_a_response_class_as_annotation_is_no_schema(kind: Any) -> None:
    assert answer({"a": 1}, kind).json() == {"a": 1}


def test_response_objects_go_out_as_they_are_but_json_is_checked() -> None:
    assert answer(HTML("<p>"), User).text == "<p>"
    assert answer(HttpResponse("x"), User).text == "x"
    assert answer(JSON(Secret(1, "a"), 201), User).json() == {"id": 1, "name": "a", "tags": []}
    with pytest.raises(ResponseValidationError):
        answer(JSON({"id": "x"}), User)


def test_an_error_body_is_not_held_to_the_type() -> None:
    assert answer(({"error": "no file"}, 400), User).json() == {"error": "no file"}
    api = BoltAPI()

    @api.get("/x")
    async def handler() -> User:
        raise NotFound("gone")

    with TestClient(api) as client:
        assert client.get("/x").json() == {"detail": "gone"}


def test_a_tuple_s_body_is_held_to_the_type() -> None:
    response = answer((Secret(1, "a"), 201), User)
    assert (response.status_code, response.json()) == (201, {"id": 1, "name": "a", "tags": []})


def test_a_struct_changed_to_a_wrong_type_is_caught() -> None:
    user = User(1, "a")
    user.tags = [Tag(3)]
    with pytest.raises(ResponseValidationError):
        answer(user, User)


def test_a_type_that_cannot_be_a_schema_is_refused_at_registration() -> None:
    with pytest.raises(PlanError, match="response_model|return annotation"):
        answer({}, list[Attributes])
