from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest
from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    ObjectDoesNotExist,
    PermissionDenied,
    SuspiciousOperation,
    ValidationError,
)
from django.http import Http404
from django.test import override_settings
from django.urls import Resolver404
from django.utils.translation import gettext_lazy

from django_bolt.error_handlers import (
    generic_exception_handler,
    handle_exception,
    http_exception_handler,
    request_validation_error_handler,
)
from django_bolt.exceptions import ApiError, HTTPException, NotFound, RequestValidationError, Unauthorized
from django_bolt.request import Request
from tests.unit.raw_request import Raw

JSON_TYPE = [("content-type", "application/json")]


def test_http_exceptions():
    assert http_exception_handler(NotFound(detail="User not found")) == (404, JSON_TYPE, b'{"detail":"User not found"}')
    assert http_exception_handler(HTTPException(400, {"error": 1}, extra=[1])) == (
        400,
        JSON_TYPE,
        b'{"detail":{"error":1},"extra":[1]}',
    )
    headers = {"WWW-Authenticate": "Bearer", "X-Custom-Header": "value"}
    assert http_exception_handler(Unauthorized(headers=headers)) == (
        401,
        [*JSON_TYPE, ("www-authenticate", "Bearer"), ("x-custom-header", "value")],
        b'{"detail":"Unauthorized"}',
    )
    assert http_exception_handler(ApiError(400, gettext_lazy("Yes")))[2] == b'{"detail":"Yes"}'
    problem = HTTPException(400, headers={"Content-Type": "application/problem+json"})
    assert http_exception_handler(problem)[1] == [("content-type", "application/problem+json")]


def test_validation_errors():
    errors = [{"loc": ["body"], "msg": "Invalid", "type": "value_error"}]
    assert request_validation_error_handler(RequestValidationError(errors)) == (
        422,
        JSON_TYPE,
        b'{"detail":[{"loc":["body"],"msg":"Invalid","type":"value_error"}]}',
    )


@pytest.mark.parametrize(
    ("exc", "status", "detail"),
    [
        (NotFound("x"), 404, "x"),
        (Http404(), 404, "Not Found"),
        (Http404("No article"), 404, "No article"),
        (Http404(gettext_lazy("Yes")), 404, "Yes"),
        (Resolver404({"tried": ["secret/"], "path": "x"}), 404, "Not Found"),
        (PermissionDenied(), 403, "Forbidden"),
        (PermissionDenied("not yours"), 403, "not yours"),
        (SuspiciousOperation("internal"), 400, "Bad Request"),
        (DisallowedHost("evil"), 400, "Bad Request"),
        (BadRequest("internal"), 400, "Bad Request"),
        (ObjectDoesNotExist("x"), 500, "Internal Server Error"),
        (ValueError("secret"), 500, "Internal Server Error"),
        (SystemExit(), 500, "Internal Server Error"),
    ],
)
def test_mapping(exc, status, detail):
    found, headers, body = handle_exception(exc, debug=False)
    assert (found, headers, msgspec.json.decode(body)) == (status, JSON_TYPE, {"detail": detail})


@pytest.mark.parametrize(
    ("exc", "errors"),
    [
        (ValidationError("bad"), [(["body"], "bad")]),
        (ValidationError(["a", "b"]), [(["body"], "a"), (["body"], "b")]),
        (ValidationError("%(n)s is bad", params={"n": 5}), [(["body"], "5 is bad")]),
        (
            ValidationError({"email": ["taken", "odd"], "__all__": [gettext_lazy("Yes")]}),
            [(["body", "email"], "taken"), (["body", "email"], "odd"), (["body"], "Yes")],
        ),
    ],
)
def test_djangos_validation_error(exc, errors):
    status, _, body = handle_exception(exc)
    assert status == 422
    expected = [{"loc": loc, "msg": msg, "type": "value_error"} for loc, msg in errors]
    assert msgspec.json.decode(body) == {"detail": expected}


def raised():
    local_password = "hunter2"  # noqa: F841
    try:
        raise ValueError("Something went <wrong>")
    except ValueError as exc:
        return exc


def test_debug_page_is_djangos():
    status, headers, body = generic_exception_handler(raised(), debug=True)
    page = body.decode()
    assert (status, headers) == (500, [("content-type", "text/html; charset=utf-8")])
    assert "Something went &lt;wrong&gt;" in page
    assert "test_error_handlers.py" in page


@override_settings(MY_API_KEY="k3y-of-the-project", DEBUG=True)
def test_debug_page_hides_what_django_hides():
    request = Request(Raw(path="/the/path", headers=[("host", "testserver"), ("cookie", "c=1")]))
    page = generic_exception_handler(raised(), debug=True, request=request)[2].decode()
    assert "/the/path" in page
    assert "k3y-of-the-project" not in page
    assert "MY_API_KEY" in page


@pytest.mark.parametrize(
    ("bolt", "django", "page"),
    [({}, True, True), ({}, False, False), ({"DEBUG": False}, True, False), ({"DEBUG": True}, False, True)],
)
def test_debug_is_bolts_where_given(bolt, django, page):
    with override_settings(BOLT=bolt, DEBUG=django):
        assert (b"<html" in handle_exception(raised())[2]) is page
        assert (b"<html" in handle_exception(raised(), debug=not page)[2]) is not page


def test_works_without_settings():
    code = (
        "from django_bolt.error_handlers import *; from django_bolt.exceptions import *;"
        "assert handle_exception(NotFound('x'))[0] == 404;"
        "assert handle_exception(ValueError('x'))[2] == b'{\"detail\":\"Internal Server Error\"}'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=50)
