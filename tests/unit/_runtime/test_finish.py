from __future__ import annotations

import dataclasses
import datetime
import decimal
import inspect
import uuid
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import msgspec
import pytest
from django.contrib.auth.models import Permission, User
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.template.response import SimpleTemplateResponse

from django_bolt._runtime.finish import compose, finisher_for, is_loaded
from django_bolt.exceptions import ResponseValidationError
from django_bolt.responses import HTML, JSON, PlainText, Redirect, Response

JSON_TYPE = [("content-type", "application/json")]
TEXT_TYPE = [("content-type", "text/plain; charset=utf-8")]
BYTES_TYPE = [("content-type", "application/octet-stream")]


class UserSchema(msgspec.Struct):
    id: int
    username: str


class SecretUser(UserSchema):
    secret: str = "s3cret"


class ContentTypeSchema(msgspec.Struct):
    model: str


class PermissionSchema(msgspec.Struct):
    codename: str
    content_type: ContentTypeSchema


@dataclasses.dataclass
class Data:
    a: int


def finisher(annotation: Any = msgspec.UNSET, *, status: int = 200, validate: bool = True):
    declaration = SimpleNamespace(validate_response=validate)
    return finisher_for(SimpleNamespace(response_type=annotation, status=status, declaration=declaration))


@pytest.mark.parametrize("validate", [True, False])
@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (msgspec.UNSET, {"a": [1.5, None, "é", uuid.UUID(int=1)]}),
        (msgspec.UNSET, []),
        (list[int], [1, 2]),
        (dict[str, int], {"a": 1}),
        (UserSchema, UserSchema(1, "a")),
        (UserSchema, SecretUser(1, "a")),
        (list[UserSchema], [SecretUser(1, "a")]),
        (Data, Data(1)),
    ],
)
def test_data_with_no_status_of_its_own_is_answered_as_with_one(annotation, value, validate):
    finish = finisher(annotation, status=201, validate=validate)
    assert finish(value) == finish((value, 201))


@pytest.mark.parametrize(
    ("value", "reply"),
    [
        ("é", (200, TEXT_TYPE, "é".encode())),
        (b"x", (200, BYTES_TYPE, b"x")),
        (bytearray(b"x"), (200, BYTES_TYPE, b"x")),
        (None, (200, JSON_TYPE, b"null")),
        (True, (200, JSON_TYPE, b"true")),
        (5, (200, JSON_TYPE, b"5")),
        (0.5, (200, JSON_TYPE, b"0.5")),
        (decimal.Decimal("1.5"), (200, JSON_TYPE, b'"1.5"')),
        (datetime.date(2020, 1, 2), (200, JSON_TYPE, b'"2020-01-02"')),
        (uuid.UUID(int=1), (200, JSON_TYPE, b'"00000000-0000-0000-0000-000000000001"')),
        ({1}, (200, JSON_TYPE, b"[1]")),
        (UserSchema(1, "a"), (200, JSON_TYPE, b'{"id":1,"username":"a"}')),
        (Data(1), (200, JSON_TYPE, b'{"a":1}')),
        ({"a": 1}, (200, JSON_TYPE, b'{"a":1}')),
        (({"a": 1}, 201), (201, JSON_TYPE, b'{"a":1}')),
        (("text", 404), (404, TEXT_TYPE, b"text")),
        (({"a": 1}, 201, {"X-A": "1"}), (201, [*JSON_TYPE, ("x-a", "1")], b'{"a":1}')),
        (
            (b"x", 200, [("Content-Type", "image/png"), ("X-A", "1")]),
            (200, [("content-type", "image/png"), ("x-a", "1")], b"x"),
        ),
        ((None, 204), (204, [], b"")),
        ((None, 200, None), (200, JSON_TYPE, b"null")),
        (HTML("x", 201), (201, [("content-type", "text/html; charset=utf-8")], b"x")),
        (Redirect("/x"), (302, [("location", "/x")], b"")),
        (JSON({"a": 1}, 202), (202, JSON_TYPE, b'{"a":1}')),
        ((JSON({"a": 1}, 202), 203), (203, JSON_TYPE, b'{"a":1}')),
        ((PlainText("x"), 418, {"x-a": "1"}), (418, [*TEXT_TYPE, ("x-a", "1")], b"x")),
    ],
)
def test_return_values(value, reply):
    assert finisher()(value) == reply


def test_default_status_is_the_routes():
    assert finisher(status=201)("x")[0] == 201
    assert finisher(status=201)(JSON({}))[0] == 200
    assert finisher(status=204)(None) == (204, [], b"")
    assert finisher(list[int], status=204)(None) == (204, [], b"")


@pytest.mark.parametrize(
    "value",
    [(), (1,), (1, "x"), (1, 2, 3), (1, 201, {}, 4), ({}, "201"), ({}, 200.0), ({}, True), (1, 201, "X-A: 1\n")],
)
def test_other_tuples_are_refused(value):
    with pytest.raises((TypeError, ValueError)) as caught:
        finisher()(value)
    assert str(caught.value)


def test_refusal_of_a_tuple_says_how_to_return_one():
    with pytest.raises(TypeError, match=r"found a tuple of \(int, str\).*annotate the handler -> tuple"):
        finisher()((1, "x"))
    with pytest.raises(ValueError, match="200 to 599"):
        finisher()(({}, 99))


def test_annotated_tuples_are_data():
    assert finisher(tuple[int, int])((1, 201)) == (200, JSON_TYPE, b"[1,201]")
    assert finisher(Annotated[tuple[int, ...], "doc"])((1, 2, 3)) == (200, JSON_TYPE, b"[1,2,3]")
    assert finisher(tuple)((1, 2)) == (200, JSON_TYPE, b"[1,2]")


@pytest.mark.parametrize(
    "value",
    [
        SecretUser(1, "a"),
        ({"id": 1, "username": "a", "secret": 1}, 200),
        JSON(SecretUser(1, "a")),
        (JSON(SecretUser(1, "a")), 201),
    ],
)
def test_typed_values_are_filtered(value):
    status, headers, body = finisher(UserSchema)(value)
    assert (status < 300, headers, body) == (True, JSON_TYPE, b'{"id":1,"username":"a"}')


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (UserSchema, "text"),
        (UserSchema, b"bytes"),
        (UserSchema, None),
        (UserSchema, 5),
        (UserSchema, ({"id": "x"}, 200)),
        (UserSchema, JSON({"id": "x"})),
        (int, "5"),
        (Literal["a"], "b"),
        (str, 5),
    ],
)
def test_typed_values_that_do_not_fit(annotation, value):
    with pytest.raises(ResponseValidationError):
        finisher(annotation)(value)


def test_typed_text_stays_text():
    assert finisher(str)("x") == (200, TEXT_TYPE, b"x")
    assert finisher(str | None)("x") == (200, TEXT_TYPE, b"x")
    assert finisher(bytes)(b"x") == (200, BYTES_TYPE, b"x")


def test_errors_are_not_held_to_the_type():
    error = {"error": "No file provided"}
    for value in ((error, 400), JSON(error, 400), (JSON(error), 404)):
        assert finisher(UserSchema)(value)[2] == b'{"error":"No file provided"}'


def test_other_response_objects_go_out_as_they_are():
    assert finisher(UserSchema)(Response({"any": 1}))[2] == b'{"any":1}'
    assert finisher(UserSchema)(HTML("x"))[2] == b"x"
    assert finisher(UserSchema)(JsonResponse({"any": 1}))[2] == b'{"any": 1}'


def test_json_with_headers_and_cookies_under_a_type():
    response = JSON(SecretUser(1, "a"), headers={"X-A": "1"})
    response.set_cookie("c", "d")
    status, headers, body = finisher(UserSchema)(response)
    assert sorted(headers) == [("content-type", "application/json"), ("set-cookie", "c=d; Path=/"), ("x-a", "1")]
    assert b"s3cret" not in body


def test_not_validating():
    assert finisher(UserSchema, validate=False)({"id": "x"})[2] == b'{"id":"x"}'


# Django's responses -------------------------------------------------------------------------


def test_django_response():
    response = HttpResponse("é", status=201, headers={"X-A": "1"}, content_type="text/plain")
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    assert finisher()(response) == (
        201,
        [("x-a", "1"), ("content-type", "text/plain"), ("set-cookie", "a=1; Path=/"), ("set-cookie", "b=2; Path=/")],
        "é".encode(),
    )
    assert response.closed


def test_stream_is_refused_by_name():
    with pytest.raises(TypeError, match="StreamingHttpResponse.*not served yet"):
        finisher()(StreamingHttpResponse([b"x"]))


# Models -------------------------------------------------------------------------------------


@pytest.fixture
def user(db):
    return User.objects.create(username="ann", password="s3cret")


@pytest.mark.parametrize("validate", [True, False])
def test_models_in_sync_code(user, validate):
    row = f'{{"id":{user.pk},"username":"ann"}}'.encode()
    assert finisher(UserSchema, validate=validate)(user) == (200, JSON_TYPE, row)
    many = finisher(list[UserSchema], validate=validate)
    assert many(User.objects.all()) == many(User.objects) == many([user]) == (200, JSON_TYPE, b"[" + row + b"]")
    assert many((User.objects.all(), 201))[0] == 201
    assert many(JSON(User.objects.all()))[2] == b"[" + row + b"]"


@pytest.mark.django_db(transaction=True)
async def test_models_in_async_code_are_read_in_djangos_thread():
    permission = await Permission.objects.select_related(None).afirst()
    reply = finisher(PermissionSchema)(permission)
    assert inspect.isawaitable(reply)
    status, _, body = await reply
    assert status == 200
    assert msgspec.json.decode(body)["content_type"]["model"]
    reply = finisher(list[PermissionSchema])((Permission.objects.all(), 201, {"X-A": "1"}))
    status, headers, body = await reply
    assert (status, headers) == (201, [*JSON_TYPE, ("x-a", "1")])
    assert len(msgspec.json.decode(body)) == await Permission.objects.acount()


@pytest.mark.django_db(transaction=True)
async def test_loaded_models_in_async_code_are_read_where_they_stand():
    user = await User.objects.acreate(username="ann")
    row = b'{"id":%d,"username":"ann"}' % user.pk
    for value in (user, JSON(user), (user, 200)):
        assert finisher(UserSchema)(value) == (200, JSON_TYPE, row)
    evaluated = User.objects.all()
    assert [found async for found in evaluated] == [user]
    assert finisher(list[UserSchema])(evaluated) == (200, JSON_TYPE, b"[" + row + b"]")
    assert inspect.isawaitable(reply := finisher(list[UserSchema])(User.objects.all()))
    assert (await reply)[2] == b"[" + row + b"]"
    assert inspect.isawaitable(reply := finisher(UserSchema)(await User.objects.only("pk").aget()))
    assert (await reply)[2] == row


def test_what_is_loaded():
    assert is_loaded(User())
    assert is_loaded(JSON(User()))
    assert is_loaded({"a": [User()]})
    assert not is_loaded({"a": User.objects})
    assert not is_loaded(JSON(User.objects.all()))
    assert not is_loaded(SimpleTemplateResponse("nothing.html"))


async def test_plain_values_in_async_code_need_no_thread():
    assert finisher()("x") == (200, TEXT_TYPE, b"x")
    assert not inspect.isawaitable(finisher()(HttpResponse("x")))


async def test_a_template_response_in_async_code_is_rendered_in_djangos_thread():
    class Rendered(SimpleTemplateResponse):
        rendered_content = "<p>"

    reply = finisher()(Rendered("nothing.html"))
    assert inspect.isawaitable(reply)
    assert (await reply)[2] == b"<p>"


@pytest.mark.parametrize(
    "as_value", [lambda user: user, lambda user: User.objects.all(), lambda user: (user, 200), JSON]
)
def test_models_without_a_type_name_what_is_missing(user, as_value):
    with pytest.raises(TypeError, match="response without a type.*response_model="):
        finisher()(as_value(user))


def test_errors_with_models_have_no_type_either(user):
    with pytest.raises(TypeError, match="response without a type"):
        finisher(UserSchema)((user, 400))


def test_values_without_a_form():
    with pytest.raises(TypeError, match="found a value of type generator"):
        finisher()(item for item in ())


def test_compose_leaves_a_response_its_status():
    assert compose(HTML("x", 404), 500, explicit=False)[0] == 404
    assert compose({"a": 1}, 500, explicit=False) == (500, JSON_TYPE, b'{"a":1}')
