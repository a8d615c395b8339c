"""Exceptions that a handler raises, and the answer that each of them is."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.core.exceptions import (
    NON_FIELD_ERRORS,
    ObjectDoesNotExist,
    PermissionDenied,
    SuspiciousOperation,
    ValidationError,
)
from django.core.signals import got_request_exception
from django.http import Http404
from django.utils.translation import gettext_lazy

from django_bolt import BoltAPI, Depends, exceptions
from django_bolt.errors import ApiError
from django_bolt.exceptions import BadRequest, HTTPException, RequestValidationError, Unauthorized
from django_bolt.testing import TestClient
from tests.named_exceptions import TABLE


def answer(exc: BaseException | type[BaseException], *, where: str = "async", debug: bool = False) -> Any:
    api = BoltAPI()

    async def failing() -> None:
        raise exc

    if where == "async":
        api.get("/x")(failing)
    elif where == "def":

        @api.get("/x")
        def handler() -> None:
            raise exc
    elif where == "inline":

        @api.get("/x", inline=True)
        def inline() -> None:
            raise exc
    else:

        @api.get("/x")
        async def depending(value: Any = Depends(failing)) -> None: ...

    with TestClient(api, raise_server_exceptions=False) as client:
        return client.get("/x")


@pytest.mark.parametrize("where", ["async", "def", "inline", "dependency"])
@pytest.mark.parametrize(("name", "status", "detail"), TABLE)
def test_the_table(name: str, status: int, detail: str, where: str) -> None:
    kind = getattr(exceptions, name)
    response = answer(kind(), where=where)
    assert (response.status_code, response.json()) == (status, {"detail": detail})
    assert response.headers["content-type"] == "application/json"
    assert answer(kind, where=where).json() == {"detail": detail}
    assert answer(kind(detail="other"), where=where).json() == {"detail": "other"}
    assert answer(kind("first"), where=where).json() == {"detail": "first"}
    assert issubclass(kind, HTTPException)


def test_http_exception_with_a_detail_of_any_shape() -> None:
    assert answer(HTTPException(status_code=404, detail="User not found")).json() == {"detail": "User not found"}
    detail = {"error": "validation_failed", "fields": {"email": "Invalid email format"}}
    response = answer(HTTPException(status_code=400, detail=detail))
    assert (response.status_code, response.json()) == (400, {"detail": detail})
    assert answer(HTTPException(400, gettext_lazy("Yes"))).json() == {"detail": "Yes"}
    assert answer(HTTPException(418)).json() == {"detail": "I'm a Teapot"}


def test_headers_and_extra() -> None:
    response = answer(
        Unauthorized(
            detail="Authentication required", headers={"WWW-Authenticate": "Bearer", "X-Custom-Header": "value"}
        )
    )
    assert (response.headers["www-authenticate"], response.headers["x-custom-header"]) == ("Bearer", "value")
    assert response.json() == {"detail": "Authentication required"}
    response = answer(BadRequest(detail="Invalid input", extra={"field": "email"}))
    assert response.json() == {"detail": "Invalid input", "extra": {"field": "email"}}


def test_api_error() -> None:
    assert issubclass(ApiError, HTTPException)
    response = answer(ApiError(400, "User not active"))
    assert (response.status_code, response.json()) == (400, {"detail": "User not active"})


def test_a_subclass_is_answered_as_its_base() -> None:
    class Missing(exceptions.NotFound):
        pass

    assert answer(Missing("x")).status_code == 404


def test_request_validation_error() -> None:
    errors = [
        {"loc": ["body", "email"], "msg": "Invalid email format", "type": "value_error"},
        {"loc": ["body", "age"], "msg": "Must be positive", "type": "value_error"},
    ]
    response = answer(RequestValidationError(errors))
    assert (response.status_code, response.json()) == (422, {"detail": errors})


@pytest.mark.parametrize("where", ["async", "def"])
@pytest.mark.parametrize(
    ("exc", "status", "body"),
    [
        (Http404(), 404, {"detail": "Not Found"}),
        (Http404("No such thing"), 404, {"detail": "No such thing"}),
        (PermissionDenied(), 403, {"detail": "Forbidden"}),
        (PermissionDenied("Not yours"), 403, {"detail": "Not yours"}),
        (SuspiciousOperation("an attack"), 400, {"detail": "Bad Request"}),
        (
            ValidationError("Wrong"),
            422,
            {"detail": [{"loc": ["body"], "msg": "Wrong", "type": "value_error"}]},
        ),
        (
            ValidationError({"name": ["Too long"], NON_FIELD_ERRORS: ["Both"]}),
            422,
            {
                "detail": [
                    {"loc": ["body", "name"], "msg": "Too long", "type": "value_error"},
                    {"loc": ["body"], "msg": "Both", "type": "value_error"},
                ]
            },
        ),
    ],
    ids=repr,
)
def test_django_s_exceptions(exc: Exception, status: int, body: Any, where: str) -> None:
    response = answer(exc, where=where)
    assert (response.status_code, response.json()) == (status, body)


@pytest.mark.parametrize("where", ["async", "def", "inline", "dependency"])
@pytest.mark.parametrize("exc", [ValueError("secret text"), ObjectDoesNotExist("secret text"), KeyError("secret text")])
def test_any_other_exception_is_a_500_that_says_nothing(
    exc: Exception, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Any] = []

    def note(sender: Any, request: Any, **_: Any) -> None:
        told.append(request)

    got_request_exception.connect(note)
    try:
        response = answer(exc, where=where)
    finally:
        got_request_exception.disconnect(note)
    assert (response.status_code, response.json()) == (500, {"detail": "Internal Server Error"})
    assert "secret" not in response.text
    records = [record for record in caplog.records if record.levelno >= logging.ERROR]
    (record,) = records
    assert record.name == "django.request"
    assert record.exc_info is not None
    assert record.exc_info[1] is exc
    assert "/x" in record.getMessage()
    assert [request.path for request in told] == ["/x"]


@pytest.mark.parametrize("where", ["async", "def", "inline", "dependency"])
def test_the_log_has_the_traceback_down_to_the_line(where: str, caplog: pytest.LogCaptureFixture) -> None:
    answer(ValueError("x"), where=where)
    (record,) = [record for record in caplog.records if record.name == "django.request"]
    assert "raise exc" in logging.Formatter().format(record)
    assert __file__ in logging.Formatter().format(record)


def test_a_log_line_cannot_be_forged_by_a_path(caplog: pytest.LogCaptureFixture) -> None:
    api = BoltAPI()

    @api.get("/{name}")
    async def handler(name: str) -> None:
        raise ValueError

    with TestClient(api, raise_server_exceptions=False) as client:
        client.get("/a%0AERROR%20forged")
    (record,) = [record for record in caplog.records if record.name == "django.request"]
    assert "\n" not in record.getMessage()


def test_under_debug_a_500_is_django_s_traceback_page(settings: Any) -> None:
    settings.DEBUG = True
    settings.MY_API_TOKEN = "hunter2"
    response = answer(ValueError("the reason"))
    assert response.status_code == 500
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "ValueError" in response.text
    assert "the reason" in response.text
    assert "MY_API_TOKEN" in response.text
    assert "hunter2" not in response.text


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        ("application/json", False),
        ("application/problem+json, */*;q=0.1", False),
        ("text/html,application/json", True),
        ("*/*", True),
    ],
)
def test_under_debug_who_wants_json_gets_the_traceback_as_json(accept: str, is_page: bool, settings: Any) -> None:
    settings.DEBUG = True
    settings.MY_API_TOKEN = "hunter2"
    api = BoltAPI()

    @api.get("/broken")
    async def broken() -> None:
        raise ValueError("the reason") from KeyError("the cause")

    with TestClient(api, raise_server_exceptions=False) as client:
        response = client.get("/broken", headers={"Accept": accept})
    assert response.status_code == 500
    assert response.headers["content-type"].startswith("text/html" if is_page else "application/json")
    if not is_page:
        assert "hunter2" not in response.text
        body = response.json()
        assert (body["detail"], body["exception"]) == ("Internal Server Error", "ValueError: the reason")
        assert "KeyError: 'the cause'" in body["traceback"]
        assert any(line.endswith("in broken") for line in body["traceback"])


@pytest.mark.parametrize(("bolt", "django", "is_page"), [(True, False, True), (False, True, False), (None, True, True)])
def test_bolt_s_own_debug_beats_django_s(bolt: bool | None, django: bool, is_page: bool, settings: Any) -> None:
    settings.DEBUG = django
    settings.BOLT = {} if bolt is None else {"DEBUG": bolt}
    response = answer(ValueError("the reason"))
    assert response.headers["content-type"].startswith("text/html" if is_page else "application/json")


def test_http_exceptions_below_500_are_not_logged_as_errors(caplog: pytest.LogCaptureFixture) -> None:
    answer(HTTPException(404, "x"))
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def test_a_detail_that_json_cannot_say_is_a_500() -> None:
    assert answer(HTTPException(400, object())).json() == {"detail": "Internal Server Error"}


@pytest.mark.parametrize("where", ["async", "def", "inline"])
def test_an_exception_that_is_no_exception_class_of_ours_leaves_the_server_alive(where: str) -> None:
    class Odd(BaseException):
        pass

    response = answer(Odd("x"), where=where)
    assert response.status_code == 500
