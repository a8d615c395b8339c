"""`error_handlers`: the reply of every exception, with no request and no server."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404

from django_bolt import BoltAPI
from django_bolt.error_handlers import (
    generic_exception_handler,
    handle_exception,
    http_exception_handler,
    request_validation_error_handler,
)
from django_bolt.exceptions import NotFound, RequestValidationError, Unauthorized
from django_bolt.testing import TestClient

ERRORS = [{"loc": ["body"], "msg": "Invalid", "type": "value_error"}]


@pytest.mark.parametrize(
    ("function", "exc", "status"),
    [
        (http_exception_handler, NotFound(detail="User not found"), 404),
        (http_exception_handler, Unauthorized(headers={"X-One": "é"}), 401),
        (request_validation_error_handler, RequestValidationError(ERRORS), 422),
        (generic_exception_handler, ValueError("x"), 500),
        (handle_exception, NotFound(), 404),
        (handle_exception, RequestValidationError(ERRORS), 422),
        (handle_exception, Http404(), 404),
        (handle_exception, PermissionDenied(), 403),
        (handle_exception, ValidationError("x"), 422),
        (handle_exception, ValueError("x"), 500),
    ],
)
def test_the_shape_of_a_reply_is_status_pairs_and_bytes_and_the_server_s_is_the_same(
    function: Any, exc: Exception, status: int
) -> None:
    found, headers, body = function(exc)
    assert found == status
    assert type(headers) is list
    assert all(type(name) is str and type(value) is str for name, value in headers)
    assert type(body) is bytes

    api = BoltAPI()

    @api.get("/x")
    async def handler() -> None:
        raise exc

    with TestClient(api, raise_server_exceptions=False) as client:
        response = client.get("/x")
    assert (response.status_code, response.content) == (found, body)
    assert all(response.headers[name] == value for name, value in headers if value.isascii())


def test_the_framework_s_own_422_is_the_handler_s() -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(number: int, other: int) -> None: ...

    with TestClient(api) as client:
        response = client.get("/x?number=a")
    status, headers, body = request_validation_error_handler(RequestValidationError(response.json()["detail"]))
    assert (response.status_code, response.content) == (status, body)
    assert [("content-type", response.headers["content-type"])] == headers


def test_debug_not_given_is_the_setting(settings: Any) -> None:
    exc = ValueError("x")
    assert generic_exception_handler(exc)[1] == [("content-type", "application/json")]
    settings.DEBUG = True
    assert generic_exception_handler(exc)[1] == [("content-type", "text/html; charset=utf-8")]
    settings.BOLT = {"DEBUG": False}
    assert handle_exception(exc)[1] == [("content-type", "application/json")]


def test_debug_given_wins() -> None:
    try:
        secret_password = "hunter2"
        raise ValueError("the reason")
    except ValueError as raised:
        exc = raised
        del secret_password
    status, _, body = handle_exception(exc, debug=True)
    assert status == 500
    assert b"the reason" in body
    assert b"<html" in body
    assert handle_exception(exc, debug=False)[2] == b'{"detail":"Internal Server Error"}'
