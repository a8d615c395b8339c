from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import pytest

from django_bolt import errors, exceptions
from django_bolt.exceptions import (
    ApiError,
    HTTPException,
    NotFound,
    RequestValidationError,
    Unauthorized,
    exception_handler,
)
from tests.named_exceptions import TABLE


@pytest.mark.parametrize(("name", "status", "phrase"), TABLE)
def test_named_exceptions(name, status, phrase):
    kind = getattr(exceptions, name)
    assert (kind().status_code, kind().detail) == (status, phrase)
    assert isinstance(kind(), HTTPException)
    told = kind(detail="mine", headers={"X-A": "1"}, extra={"k": 1})
    assert (told.status_code, told.detail, told.headers, told.extra) == (status, "mine", {"X-A": "1"}, {"k": 1})
    assert kind("first").detail == "first"


def test_http_exception_takes_anything_as_detail():
    exc = HTTPException(status_code=400, detail={"error": "validation_failed"})
    assert exc.detail == {"error": "validation_failed"}
    assert HTTPException(418).detail == "I'm a Teapot"
    assert HTTPException(499).detail == "Error"
    assert HTTPException(detail=["a"]).status_code == 500
    assert HTTPException(404, "").detail == ""
    assert str(NotFound("gone")) == "404: gone"
    assert repr(NotFound("gone")) == "NotFound(status_code=404, detail='gone')"


@pytest.mark.parametrize("status", [0, 99, 200, 600])
def test_status_that_is_no_error_is_refused(status):
    with pytest.raises(ValueError, match="expected a number from 300 to 599"):
        HTTPException(status)


def test_headers_cannot_split_the_response():
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        Unauthorized(headers={"WWW-Authenticate": "Bearer\r\nX: y"})


@pytest.mark.parametrize(
    "exc", [HTTPException(400, {"a": 1}), NotFound("x", extra=[1]), ApiError(400, "User not active")]
)
def test_copy_and_pickle(exc):
    for other in (copy.copy(exc), pickle.loads(pickle.dumps(exc))):
        assert type(other) is type(exc)
        assert (other.status_code, other.detail, other.extra) == (exc.status_code, exc.detail, exc.extra)


def test_api_error():
    exc = errors.ApiError(400, "User not active")
    assert errors.ApiError is ApiError
    assert isinstance(exc, HTTPException)
    assert (exc.status, exc.message) == (exc.status_code, exc.detail) == (400, "User not active")


def test_request_validation_error_takes_mappings_and_tuples():
    exc = RequestValidationError(
        [
            {"msg": "Invalid email format", "type": "value_error", "loc": ["body", "email"], "ctx": {"a": 1}},
            (["query", "page"], "expected int", "type_error"),
            {"loc": "body", "msg": "bad"},
        ]
    )
    assert exc.errors == [
        {"loc": ["body", "email"], "msg": "Invalid email format", "type": "value_error", "ctx": {"a": 1}},
        {"loc": ["query", "page"], "msg": "expected int", "type": "type_error"},
        {"loc": ["body"], "msg": "bad", "type": "value_error"},
    ]
    assert list(exc.errors[0]) == ["loc", "msg", "type", "ctx"]
    assert str(exc) == "body.email: Invalid email format; query.page: expected int; body: bad"


def test_request_validation_error_without_loc_is_refused():
    with pytest.raises(ValueError, match="without loc"):
        RequestValidationError([{"msg": "x"}])


def test_marking_a_handler():
    @exception_handler(KeyError, ValueError)
    def handle(exc, request):
        return {}

    assert handle.__bolt_exception_types__ == (KeyError, ValueError)
    assert handle(None, None) == {}
    assert exception_handler(OSError)(handle).__bolt_exception_types__ == (KeyError, ValueError, OSError)


@pytest.mark.parametrize("found", ["KeyError", KeyError(), int])
def test_marking_for_something_else_is_refused(found):
    with pytest.raises(TypeError, match="expected exception classes"):
        exception_handler(found)


def test_marking_for_nothing_is_refused():
    with pytest.raises(TypeError, match="no exception class"):
        exception_handler()


def test_imports_before_settings():
    names = [
        "exceptions",
        "errors",
        "error_handlers",
        "responses",
        "response",
        "request",
        "datastructures",
        "decorators",
    ]
    code = "; ".join(f"import django_bolt.{name}" for name in names)
    code += "; from django.conf import settings; assert not settings.configured"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=50)
