"""Wrong or missing input: the status, the place, the words; and nothing of it in the log as an error."""

from __future__ import annotations

import datetime
import enum
import json
import logging
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest

from django_bolt import Body, BoltAPI, Cookie, Header, Query, Request
from django_bolt.testing import TestClient


class Color(enum.Enum):
    RED = "red"


class Address(msgspec.Struct):
    city: str
    zip_code: Annotated[str, msgspec.Meta(min_length=5, max_length=5)]

    def __post_init__(self) -> None:
        if self.city == "Nowhere":
            raise ValueError("there is no such city")


class User(msgspec.Struct):
    name: str
    age: int
    address: Address | None = None
    friends: list[Address] = []

    def __post_init__(self) -> None:
        if self.age < 0:
            raise msgspec.ValidationError("age must not be negative")


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    name: str


class Everything(msgspec.Struct):
    when: datetime.datetime
    identifier: UUID
    color: Color
    mode: Literal["a", "b"]


class Broken(msgspec.Struct):
    name: str

    def __post_init__(self) -> None:
        raise RuntimeError("a bug of the project")


@dataclass
class Point:
    x: int

    def __post_init__(self) -> None:
        if self.x > 100:
            raise ValueError("too far")


def returning(kind: Any) -> Any:
    """Return a handler whose body is of this type and which says `ok`."""

    async def handler(body: Any) -> str:
        return "ok"

    handler.__annotations__ = {"body": kind, "return": str}
    return handler


@pytest.fixture
def api() -> BoltAPI:
    api = BoltAPI()
    api.post("/users")(returning(User))
    api.post("/many")(returning(list[User]))
    api.post("/strict")(returning(Strict))
    api.post("/everything")(returning(Everything))
    api.post("/point")(returning(Point))
    api.post("/broken")(returning(Broken))
    api.post("/any")(returning(Annotated[Any, Body()]))

    @api.post("/json")
    async def read(request: Request) -> Any:
        return {"value": await request.json()}

    @api.get("/query")
    async def query(q: str = "") -> str:
        return q

    @api.get("/items/{name}")
    async def item(name: str) -> str:
        return name

    return api


def errors_of(api: BoltAPI, path: str, **request: Any) -> list[tuple[list[Any], str, str]]:
    with TestClient(api) as client:
        response = client.post(path, **request)
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/json"
    detail = response.json()["detail"]
    assert all(list(error) == ["loc", "msg", "type"] for error in detail)
    return [(error["loc"], error["msg"], error["type"]) for error in detail]


def test_a_wrong_type_in_the_body(api: BoltAPI) -> None:
    errors = errors_of(api, "/users", json={"name": "a", "age": "x"})
    assert errors == [(["body", "age"], "expected int", "type_error")]


def test_a_missing_field_in_the_body_is_named(api: BoltAPI) -> None:
    errors = errors_of(api, "/users", json={"name": "a"})
    assert [(loc, kind) for loc, _, kind in errors] == [(["body", "age"], "missing_field")]


def test_a_missing_body(api: BoltAPI) -> None:
    errors = errors_of(api, "/users")
    assert [(loc, kind) for loc, _, kind in errors] == [(["body"], "missing_field")]


def test_a_body_of_another_type(api: BoltAPI) -> None:
    assert errors_of(api, "/users", json=[1]) == [(["body"], "expected object", "type_error")]
    assert errors_of(api, "/many", json={}) == [(["body"], "expected array", "type_error")]


def test_the_place_of_a_nested_mistake(api: BoltAPI) -> None:
    user = {"name": "a", "age": 1}
    errors = errors_of(api, "/users", json={**user, "address": {"city": 3, "zip_code": "12345"}})
    assert errors == [(["body", "address", "city"], "expected str", "type_error")]
    errors = errors_of(api, "/users", json={**user, "friends": [{"city": "a", "zip_code": "12345"}, {"city": "b"}]})
    assert errors[0][0] == ["body", "friends", 1, "zip_code"]
    errors = errors_of(api, "/many", json=[user, {"name": 1, "age": 1}])
    assert errors[0][0] == ["body", 1, "name"]


def test_a_broken_constraint_in_the_body(api: BoltAPI) -> None:
    body = {"name": "a", "age": 1, "address": {"city": "a", "zip_code": "1"}}
    ((loc, message, kind),) = errors_of(api, "/users", json=body)
    assert (loc, kind) == (["body", "address", "zip_code"], "value_error")
    assert "5" in message


def test_an_unknown_field_where_the_type_forbids_it(api: BoltAPI) -> None:
    ((loc, _, kind),) = errors_of(api, "/strict", json={"name": "a", "other": 1})
    assert (loc, kind) == (["body", "other"], "extra_forbidden")


@pytest.mark.parametrize(
    ("field", "value"), [("when", "yesterday"), ("identifier", "x"), ("color", "green"), ("mode", "c")]
)
def test_richer_types_in_the_body(api: BoltAPI, field: str, value: str) -> None:
    body = {
        "when": "2024-01-01T00:00:00",
        "identifier": "12345678-9abc-def0-1234-56789abcdef0",
        "color": "red",
        "mode": "a",
    }
    ((loc, _, kind),) = errors_of(api, "/everything", json={**body, field: value})
    assert loc == ["body", field]
    assert kind in ("type_error", "value_error")


def test_a_validation_error_of_post_init_has_its_own_message(api: BoltAPI) -> None:
    errors = errors_of(api, "/users", json={"name": "a", "age": -1})
    assert errors == [(["body"], "age must not be negative", "value_error")]


def test_a_value_error_of_a_nested_post_init_has_the_item_s_place(api: BoltAPI) -> None:
    nowhere = {"city": "Nowhere", "zip_code": "12345"}
    errors = errors_of(api, "/users", json={"name": "a", "age": 1, "address": nowhere})
    assert errors == [(["body", "address"], "there is no such city", "value_error")]
    friends = [{"city": "a", "zip_code": "12345"}, nowhere]
    errors = errors_of(api, "/users", json={"name": "a", "age": 1, "friends": friends})
    assert errors == [(["body", "friends", 1], "there is no such city", "value_error")]


def test_a_validation_error_of_an_item_s_post_init_has_its_place(api: BoltAPI) -> None:
    errors = errors_of(api, "/many", json=[{"name": "a", "age": 1}, {"name": "b", "age": -1}])
    assert errors == [(["body", 1], "age must not be negative", "value_error")]


def test_a_value_error_of_a_dataclass(api: BoltAPI) -> None:
    assert errors_of(api, "/point", json={"x": 101}) == [(["body"], "too far", "value_error")]


def test_another_exception_of_post_init_is_the_project_s_own_500(api: BoltAPI) -> None:
    with TestClient(api, raise_server_exceptions=False) as client:
        assert client.post("/broken", json={"name": "a"}).status_code == 500
    with TestClient(api) as client, pytest.raises(RuntimeError, match="a bug of the project"):
        client.post("/broken", json={"name": "a"})


@pytest.mark.parametrize("path", ["/users", "/json", "/any"])
@pytest.mark.parametrize(
    ("body", "line", "column"),
    [
        (b'{"name": }', 1, 10),
        (b'{"name": "a",\n  "age": x}', 2, 10),
        (b'{"name": "a"', 1, 13),
        (b"nope", 1, 5),
        (b'{"name": "a", "age": 1} tail', 1, 26),
        ('{"é": }'.encode(), 1, 7),
    ],
)
def test_malformed_json_names_line_and_column(api: BoltAPI, path: str, body: bytes, line: int, column: int) -> None:
    ((loc, message, kind),) = errors_of(api, path, content=body, headers={"content-type": "application/json"})
    assert kind == "json_invalid"
    assert loc == ["body", line, column]
    assert message.startswith("JSON is malformed")


@pytest.mark.parametrize("path", ["/users", "/json", "/any"])
def test_invalid_utf8_in_the_body_is_malformed_json(api: BoltAPI, path: str) -> None:
    ((loc, _, kind),) = errors_of(api, path, content=b'{"name": "\xff", "age": 1}')
    assert (loc[0], kind) == ("body", "json_invalid")


@pytest.mark.parametrize("path", ["/users", "/json", "/any"])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_deep_nesting_is_refused_before_anything_decodes_it(
    api: BoltAPI, path: str, opening: bytes, closing: bytes
) -> None:
    body = opening * 100_000 + b"1" + closing * 100_000
    ((loc, message, kind),) = errors_of(api, path, content=body)
    assert (loc[0], kind) == ("body", "json_invalid")
    assert "deep" in message


def test_nesting_of_64_is_accepted_and_of_65_is_not(api: BoltAPI) -> None:
    with TestClient(api) as client:
        assert client.post("/any", content=b"[" * 64 + b"]" * 64).status_code == 200
        assert client.post("/any", content=b"[" * 65 + b"]" * 65).status_code == 422


@pytest.mark.parametrize("path", ["/users", "/json", "/any", "/many"])
def test_a_nul_in_the_body_is_refused_with_its_place(api: BoltAPI, path: str) -> None:
    body: Any = {"name": "a\0b", "age": 1}
    place: list[Any] = ["name"]
    if path == "/many":
        body, place = [body], [0, "name"]
    errors = errors_of(api, path, json=body)
    assert [(loc, kind) for loc, _, kind in errors] == [(["body", *place], "value_error")]


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/problem+json", None],
)
def test_json_content_types_and_none_at_all_are_accepted(api: BoltAPI, content_type: str | None) -> None:
    headers = {"content-type": content_type} if content_type else {}
    with TestClient(api) as client:
        response = client.post("/users", content=json.dumps({"name": "a", "age": 1}), headers=headers)
    assert response.text == "ok"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "json"])
def test_another_content_type_is_a_415(api: BoltAPI, content_type: str) -> None:
    with TestClient(api) as client:
        response = client.post("/users", content=b'{"name": "a", "age": 1}', headers={"content-type": content_type})
    assert response.status_code == 415
    assert response.headers["content-type"] == "application/json"
    assert isinstance(response.json()["detail"], str)


@pytest.mark.parametrize("path", ["/items/a%00b", "/items/%FF", "/items/%C3%28"])
def test_nul_and_invalid_utf8_in_the_path_are_a_400(api: BoltAPI, path: str) -> None:
    with TestClient(api) as client:
        response = client.get(path)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/json"
    assert isinstance(response.json()["detail"], str)


@pytest.mark.parametrize("text", ["a%00b", "%FF", "%C3%28"])
def test_nul_and_invalid_utf8_in_the_query_are_a_422(api: BoltAPI, text: str) -> None:
    with TestClient(api) as client:
        response = client.get(f"/query?q={text}")
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["query", "q"]


def test_every_wrong_parameter_is_in_one_answer() -> None:
    api = BoltAPI()

    @api.post("/{number}")
    async def handler(
        number: int,
        page: Annotated[int, Query(ge=1)],
        user: User,
        missing: str,
        x_token: Annotated[int, Header()],
        theme: Annotated[Color, Cookie()],
        ids: Annotated[list[int], Query()],
    ) -> None: ...

    with TestClient(api) as client:
        response = client.post(
            "/x?page=0&ids=1&ids=a", json={"name": 1}, headers={"x-token": "t", "cookie": "theme=green"}
        )
    assert response.status_code == 422
    found = [(error["loc"], error["type"]) for error in response.json()["detail"]]
    assert found[:-1] == [
        (["path", "number"], "type_error"),
        (["query", "page"], "value_error"),
        (["query", "missing"], "missing_field"),
        (["header", "x-token"], "type_error"),
        (["cookie", "theme"], "value_error"),
        (["query", "ids", 1], "type_error"),
    ]
    assert found[-1][0][0] == "body"


@pytest.mark.parametrize("source", [Query(), Header(), Cookie()])
def test_what_is_missing_is_said(source: Any) -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(token: str = source) -> str:
        return token

    with TestClient(api) as client:
        (error,) = client.get("/x").json()["detail"]
    assert error["loc"] == [source.source, "token"]
    assert error["type"] == "missing_field"
    assert "missing" in error["msg"]


def test_a_client_s_mistakes_write_no_error_and_at_most_one_line(
    api: BoltAPI, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with TestClient(api) as client:
        for path, body in [("/users", b"{"), ("/users", b"{}"), ("/json", b"{"), ("/users", b'{"name":"a","age":-1}')]:
            caplog.clear()
            assert client.post(path, content=body).status_code == 422
            ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore", "asyncio"))]
            assert len(ours) <= 1
            assert all(record.levelno <= logging.INFO for record in ours)


def test_a_number_of_a_million_digits_is_refused_quickly(api: BoltAPI) -> None:
    ((loc, _, _),) = errors_of(api, "/users", content=b'{"name": "a", "age": ' + b"9" * 1_000_000 + b"}")
    assert loc[0] == "body"
    with TestClient(api) as client:
        assert client.post("/any", content=b"9" * 1_000_000).status_code in (200, 422)


def test_a_hundred_thousand_query_keys_are_refused(api: BoltAPI) -> None:
    query = "&".join(f"k{number}" for number in range(9_000))
    with TestClient(api) as client:
        response = client.get(f"/query?{query}")
        assert 400 <= response.status_code < 500
        assert client.get("/query?q=fine").text == "fine"


def test_a_body_over_django_s_limit_is_a_413(api: BoltAPI, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    with TestClient(api) as client:
        assert client.post("/json", json="a" * 900).status_code == 200
        response = client.post("/json", json="a" * 1000)
        assert response.status_code == 413
        assert isinstance(response.json()["detail"], str)


def test_the_framework_s_and_the_handler_s_422_look_the_same(api: BoltAPI) -> None:
    with TestClient(api) as client:
        bound = client.post("/users", content=b'{"a": ')
        read = client.post("/json", content=b'{"a": ')
    assert (bound.status_code, bound.content) == (read.status_code, read.content)
    assert bound.headers["content-type"] == read.headers["content-type"]
