from __future__ import annotations

import asyncio
import inspect

import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse

from django_bolt.decorators import json_response
from django_bolt.request import Request
from django_bolt.responses import JSON, PlainText
from tests.unit.raw_request import Raw


@json_response()
def get_users(request: HttpRequest) -> JsonResponse:
    """The seed's."""
    return {"users": []}


@json_response(status_code=201)
async def create(request, name="x"):
    return {"name": name}


def test_as_a_bolt_handler():
    response = get_users(Request(Raw()))
    assert isinstance(response, JSON)
    assert response.as_reply() == (200, [("content-type", "application/json")], b'{"users":[]}')


def test_as_a_django_view():
    response = get_users(HttpRequest())
    assert isinstance(response, HttpResponse)
    assert (response.status_code, response["Content-Type"], response.content) == (
        200,
        "application/json",
        b'{"users":[]}',
    )


def test_async_both_ways():
    assert inspect.iscoroutinefunction(create)
    assert asyncio.run(create(Request(Raw()), name="y")).as_reply()[0::2] == (201, b'{"name":"y"}')
    assert asyncio.run(create(request=HttpRequest())).status_code == 201


def test_signature_is_kept():
    assert list(inspect.signature(get_users).parameters) == ["request"]
    assert get_users.__name__ == "get_users"
    assert get_users.__doc__ == "The seed's."


@pytest.mark.parametrize(
    ("value", "status", "body"), [(({"a": 1}, 404), 404, b'{"a":1}'), ([1], 200, b"[1]"), (None, 200, b"null")]
)
def test_values(value, status, body):
    handler = json_response()(lambda request: value)
    assert handler(Request(Raw())).as_reply()[0::2] == (status, body)
    response = handler(HttpRequest())
    assert (response.status_code, response.content) == (status, body)


def test_response_objects_go_out_as_they_are():
    django = HttpResponse("x")
    assert json_response()(lambda request: django)(HttpRequest()) is django

    def answer(request):
        response = PlainText("x", 409, headers={"X-A": "1"})
        response.set_cookie("c", "d e", path="/p", httponly=True, samesite="Lax")
        return response

    assert isinstance(json_response()(answer)(Request(Raw())), PlainText)
    response = json_response()(answer)(HttpRequest())
    assert (response.status_code, response.content, response["X-A"]) == (409, b"x", "1")
    assert response.cookies.output(header="", sep="") == ' c="d e"; HttpOnly; Path=/p; SameSite=Lax'
