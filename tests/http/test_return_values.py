"""What a handler may return, and the answer that it makes of it."""

from __future__ import annotations

import datetime
import enum
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import pytest
from django.http import HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy

from django_bolt import BoltAPI
from django_bolt.responses import JSON
from django_bolt.testing import TestClient


class Item(msgspec.Struct):
    name: str
    price: float = 0.5


@dataclass
class Point:
    x: int
    y: int = 2


class Color(enum.Enum):
    RED = "red"


class Pair(NamedTuple):
    left: int
    right: int


JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain; charset=utf-8"
BYTES_TYPE = "application/octet-stream"
UNIQUE = uuid.UUID("12345678-9abc-def0-1234-56789abcdef0")

CASES: list[tuple[Any, str, bytes]] = [
    ({"a": 1}, JSON_TYPE, b'{"a":1}'),
    ({}, JSON_TYPE, b"{}"),
    ([1, "é", None, True], JSON_TYPE, '[1,"é",null,true]'.encode()),
    ([], JSON_TYPE, b"[]"),
    (Item("a"), JSON_TYPE, b'{"name":"a","price":0.5}'),
    ([Item("a")], JSON_TYPE, b'[{"name":"a","price":0.5}]'),
    (Point(1), JSON_TYPE, b'{"x":1,"y":2}'),
    ("text é", TEXT_TYPE, "text é".encode()),
    ("", TEXT_TYPE, b""),
    (b"\xff\x00", BYTES_TYPE, b"\xff\x00"),
    (bytearray(b"ab"), BYTES_TYPE, b"ab"),
    (memoryview(b"ab"), BYTES_TYPE, b"ab"),
    (None, JSON_TYPE, b"null"),
    (1, JSON_TYPE, b"1"),
    (1.5, JSON_TYPE, b"1.5"),
    (True, JSON_TYPE, b"true"),
    (Decimal("1.10"), JSON_TYPE, b'"1.10"'),
    (UNIQUE, JSON_TYPE, b'"12345678-9abc-def0-1234-56789abcdef0"'),
    (datetime.date(2024, 1, 2), JSON_TYPE, b'"2024-01-02"'),
    (Color.RED, JSON_TYPE, b'"red"'),
    ({1}, JSON_TYPE, b"[1]"),
    (OrderedDict(a=1), JSON_TYPE, b'{"a":1}'),
    ({"data": b"\xff\x00"}, JSON_TYPE, b'{"data":"/wA="}'),
    ({"label": gettext_lazy("Yes")}, JSON_TYPE, b'{"label":"Yes"}'),
    ({"when": datetime.datetime(2024, 1, 2, 3, 4, tzinfo=datetime.UTC)}, JSON_TYPE, b'{"when":"2024-01-02T03:04:00Z"}'),
    ({1: "a", UNIQUE: "b"}, JSON_TYPE, b'{"1":"a","12345678-9abc-def0-1234-56789abcdef0":"b"}'),
]


def answer(value: Any, *, is_async: bool = True, **options: Any) -> Any:
    api = BoltAPI()

    def handler():
        return value() if callable(value) and not isinstance(value, type) else value

    async def async_handler():
        return handler()

    api.get("/x", **options)(async_handler if is_async else handler)
    with TestClient(api) as client:
        return client.get("/x")


@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize(("value", "content_type", "body"), CASES, ids=lambda case: repr(case)[:30])
def test_values(value: Any, content_type: str, body: bytes, is_async: bool) -> None:
    response = answer(value, is_async=is_async)
    assert (response.status_code, response.headers["content-type"], response.content) == (200, content_type, body)
    assert response.headers["content-length"] == str(len(body))


@pytest.mark.parametrize("is_async", [True, False])
def test_none_has_no_body_under_204(is_async: bool) -> None:
    response = answer(None, is_async=is_async, status_code=204)
    assert (response.status_code, response.content) == (204, b"")
    assert "content-type" not in response.headers


@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize("value", [{"a": 1}, [1], Item("a"), Point(1), "text", b"bytes", None])
def test_a_tuple_of_body_and_status(value: Any, is_async: bool) -> None:
    plain = answer(value)
    response = answer((value, 201), is_async=is_async)
    assert response.status_code == 201
    assert (response.content, response.headers["content-type"]) == (plain.content, plain.headers["content-type"])


def test_a_tuple_of_body_status_and_headers() -> None:
    response = answer(({"a": 1}, 202, {"X-One": "1", "Content-Type": "application/vnd.api+json"}))
    assert (response.status_code, response.json()) == (202, {"a": 1})
    assert response.headers["x-one"] == "1"
    assert response.headers.get_list("content-type") == ["application/vnd.api+json"]


def test_headers_of_a_tuple_may_repeat() -> None:
    response = answer(({"a": 1}, 200, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]))
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_the_status_of_a_tuple_beats_the_route_s() -> None:
    assert answer(({}, 202), status_code=201).status_code == 202


def test_a_response_object_in_a_tuple() -> None:
    response = answer((JSON({"a": 1}, 200, {"x-one": "1"}), 203, {"x-two": "2"}))
    assert (response.status_code, response.json()) == (203, {"a": 1})
    assert (response.headers["x-one"], response.headers["x-two"]) == ("1", "2")


def test_a_none_body_with_a_204_in_a_tuple() -> None:
    response = answer((None, 204))
    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.parametrize("value", [(1, 2, 3, 4), ("a", "b"), ({}, 99), ({}, 600), (), (1,)])
def test_another_tuple_is_the_programmer_s_error(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        answer(value)


def test_a_handler_annotated_as_a_tuple_returns_data() -> None:
    api = BoltAPI()

    @api.get("/pair")
    async def pair() -> tuple[int, int]:
        return 1, 404

    @api.get("/many")
    def many() -> tuple[int, ...]:
        return 1, 2, 3, 4

    @api.get("/named")
    async def named() -> Pair:
        return Pair(1, 2)

    with TestClient(api) as client:
        assert [client.get(path).json() for path in ("/pair", "/many", "/named")] == [[1, 404], [1, 2, 3, 4], [1, 2]]
        assert client.get("/pair").status_code == 200


@pytest.mark.parametrize("is_async", [True, False])
def test_a_django_response(is_async: bool) -> None:
    def make() -> HttpResponse:
        response = HttpResponse("<p>é</p>", status=202, headers={"X-One": "1"})
        response.set_cookie("a", "1", httponly=True)
        response.set_cookie("b", "2")
        return response

    response = answer(make, is_async=is_async)
    assert (response.status_code, response.text) == (202, "<p>é</p>")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["x-one"] == "1"
    cookies = response.headers.get_list("set-cookie")
    assert [cookie.split(";")[0] for cookie in cookies] == ["a=1", "b=2"]
    assert "HttpOnly" in cookies[0]


def test_a_django_json_response() -> None:
    response = answer(lambda: JsonResponse({"a": 1}))
    assert (response.headers["content-type"], response.json()) == (JSON_TYPE, {"a": 1})


@pytest.mark.parametrize("is_async", [True, False])
def test_a_template_response_is_rendered(is_async: bool, settings: Any) -> None:
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", {"a.html": "<b>{{ name }}</b>"})]},
        }
    ]
    response = answer(lambda: TemplateResponse(None, "a.html", {"name": "x<y"}), is_async=is_async)
    assert (response.status_code, response.text) == (200, "<b>x&lt;y</b>")


class Opaque:
    secret = "hunter2"


@pytest.mark.parametrize("value", [Opaque(), {"a": Opaque()}, [Opaque()], object, {"a": {1j}}])
@pytest.mark.parametrize("is_async", [True, False])
def test_a_value_that_json_cannot_say_is_a_500_naming_its_type(
    value: Any, is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    api = BoltAPI()

    def handler():
        return value

    async def async_handler():
        return value

    api.get("/x")(async_handler if is_async else handler)
    with TestClient(api, raise_server_exceptions=False) as client:
        response = client.get("/x")
    assert (response.status_code, response.json()) == (500, {"detail": "Internal Server Error"})
    assert "type" in caplog.text
    assert "hunter2" not in response.text


def test_a_generator_is_no_value() -> None:
    with pytest.raises(TypeError):
        answer(lambda: (number for number in range(3)))
