from __future__ import annotations

import asyncio
import inspect
import logging
import sys
from types import SimpleNamespace

import msgspec
import pytest
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404, HttpResponse
from django.test import override_settings

from django_bolt._runtime.fail import failer_for
from django_bolt.exceptions import Conflict, HTTPException, NotFound, RequestValidationError, ServiceUnavailable
from django_bolt.request import Request
from django_bolt.responses import PlainText
from tests.unit.raw_request import Raw


class Exchange:
    def __init__(self):
        self.request = Request(Raw(path="/broken\nline", headers=[("host", "testserver")]))


class Told:
    """What the log and the signal were told."""

    def __init__(self, caplog):
        self.caplog = caplog
        self.signals = []

    def listen(self, sender, request, **kwargs):
        self.signals.append((request, sys.exc_info()[1]))

    @property
    def errors(self):
        return [record for record in self.caplog.records if record.levelno > logging.INFO]


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.DEBUG)
    it = Told(caplog)
    got_request_exception.connect(it.listen)
    yield it
    got_request_exception.disconnect(it.listen)


def fail(exc, handlers=None, catch_all=None, exchange=None):
    api = SimpleNamespace(exception_handlers=handlers or {}, unmapped_handler=catch_all)
    try:
        raise exc
    except BaseException as caught:
        reply = failer_for(api)(caught, exchange or Exchange())
    if inspect.isawaitable(reply):

        async def awaited():
            return await reply

        reply = asyncio.run(awaited())
    status, headers, body = reply
    assert type(status) is int
    assert all(type(name) is str and type(value) is str for name, value in headers)
    return status, msgspec.json.decode(body) if ("content-type", "application/json") in headers else body


def test_unhandled(told):
    assert fail(ValueError("secret")) == (500, {"detail": "Internal Server Error"})
    (record,) = told.errors
    assert (record.name, record.levelname, record.status_code) == ("django.request", "ERROR", 500)
    assert record.getMessage() == "Internal Server Error: /broken\\nline"
    assert record.exc_info[0] is ValueError
    assert record.request.META["HTTP_HOST"] == "testserver"
    ((request, current),) = told.signals
    assert request.path == "/broken\nline"
    assert isinstance(current, ValueError)


def test_the_traceback_is_the_handlers(told):
    fail(ValueError("x"))
    frames = []
    traceback = told.errors[0].exc_info[2]
    while traceback:
        frames.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    assert frames == ["fail"]


@pytest.mark.parametrize(
    ("exc", "status"),
    [
        (NotFound(), 404),
        (HTTPException(422, "x"), 422),
        (RequestValidationError([(["body"], "x", "value_error")]), 422),
        (Http404(), 404),
        (PermissionDenied(), 403),
    ],
)
def test_the_clients_mistakes_are_not_logged(told, exc, status):
    assert fail(exc)[0] == status
    assert told.errors == []
    assert told.signals == []


def test_suspicious_operations_go_to_djangos_own_log(told):
    assert fail(SuspiciousOperation("attack\n")) == (400, {"detail": "Bad Request"})
    (record,) = told.errors
    assert (record.name, record.getMessage()) == ("django.security.SuspiciousOperation", "attack\\n")
    assert told.signals == []


def test_uncaught_does_not_exist_is_the_programmers(told):
    assert fail(ObjectDoesNotExist("x"))[0] == 500
    assert len(told.errors) == len(told.signals) == 1


def test_a_deliberate_5xx_is_reported_too(told):
    assert fail(ServiceUnavailable("later")) == (503, {"detail": "later"})
    assert [record.status_code for record in told.errors] == [503]
    assert len(told.signals) == 1


@override_settings(DEBUG=True)
def test_debug_page():
    status, body = fail(ValueError("Something"))
    assert status == 500
    assert b"Something" in body
    assert b"<html" in body


# The project's own handlers -----------------------------------------------------------------


def seeds_handler(exc, request):
    return {"error": "internal_server_error", "detail": str(exc)}, 500


async def async_handler(exc, request):
    await asyncio.sleep(0)
    return {"error": str(exc), "path": request.path}, 418


def test_catch_all(told):
    assert fail(ValueError("x"), catch_all=seeds_handler) == (500, {"error": "internal_server_error", "detail": "x"})
    # Answered with a 5xx, so the log has it, once.
    assert len(told.errors) == len(told.signals) == 1


def test_catch_all_that_answers_otherwise_is_not_logged(told):
    assert fail(ValueError("x"), catch_all=async_handler) == (418, {"error": "x", "path": "/broken\nline"})
    assert told.errors == told.signals == []


@pytest.mark.parametrize("exc", [NotFound(), Http404(), RequestValidationError([]), PermissionDenied()])
def test_catch_all_sees_nothing_that_is_mapped(exc):
    assert fail(exc, catch_all=seeds_handler)[0] < 500


def test_catch_all_sees_no_exits(told):
    assert fail(SystemExit(), catch_all=lambda exc, request: ("seen", 200))[0] == 500


class Base(Exception):
    pass


class Derived(Base):
    pass


def named(name):
    return lambda exc, request: ({"handler": name}, 400)


@pytest.mark.parametrize(
    ("exc", "expected"),
    [
        (Derived(), "derived"),
        (Base(), "base"),
        (NotFound(), "not found"),
        (Conflict(), "http"),
        (Http404(), "404"),
        (ValueError(), "exception"),
        (RequestValidationError([]), "422"),
    ],
)
def test_the_most_specific_handler_answers(exc, expected):
    handlers = {
        Exception: named("exception"),
        Base: named("base"),
        Derived: named("derived"),
        HTTPException: named("http"),
        NotFound: named("not found"),
        Http404: named("404"),
        RequestValidationError: named("422"),
    }
    assert fail(exc, handlers, catch_all=named("all")) == (400, {"handler": expected})


@pytest.mark.parametrize(
    ("exc", "status"),
    [
        (ValueError(), 500),
        (NotFound(), 404),
        (Http404(), 404),
        (RequestValidationError([]), 422),
        (PermissionDenied(), 403),
    ],
)
def test_a_body_without_a_status(exc, status):
    assert fail(exc, {type(exc): lambda exc, request: {"own": True}}) == (status, {"own": True})


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (({"a": 1}, 400, {"X-A": "1"}), (400, {"a": 1})),
        (PlainText("x", 409), (409, b"x")),
        (HttpResponse("x", status=410), (410, b"x")),
        ("text", (500, b"text")),
        (None, (500, None)),
    ],
)
def test_what_a_handler_may_return(result, expected):
    assert fail(ValueError(), catch_all=lambda exc, request: result) == expected


def test_request_is_the_exchanges():
    exchange = Exchange()
    seen = []
    fail(ValueError(), catch_all=lambda exc, request: seen.append(request), exchange=exchange)
    assert seen == [exchange.request]


def raises(exc, request):
    raise LookupError("handler")


async def raises_async(exc, request):
    raise LookupError("handler")


@pytest.mark.parametrize(
    "handler", [raises, raises_async, lambda exc, request: object(), lambda exc, request: ({}, "x"), lambda exc: None]
)
def test_a_handler_that_fails_itself(told, handler):
    assert fail(ValueError("first"), catch_all=handler) == (500, {"detail": "Internal Server Error"})
    (record,) = told.errors
    text = logging.Formatter().format(record)
    assert "ValueError: first" in text
    assert record.exc_info[0] is not ValueError
    assert len(told.signals) == 1


def test_a_handler_that_raises_the_exception_again(told):
    def again(exc, request):
        raise exc

    assert fail(ValueError("first"), catch_all=again)[0] == 500
    assert len(told.errors) == 1


def test_a_detail_that_json_cannot_say(told):
    assert fail(HTTPException(400, object())) == (500, {"detail": "Internal Server Error"})
    assert len(told.errors) == 1


def test_a_listener_that_fails_changes_nothing(told):
    def broken(**kwargs):
        raise RuntimeError("listener")

    got_request_exception.connect(broken)
    try:
        assert fail(ValueError("x"))[0] == 500
    finally:
        got_request_exception.disconnect(broken)


def test_without_a_request(told):
    assert fail(ValueError("x"), exchange=SimpleNamespace(request=None))[0] == 500
    assert told.errors[0].getMessage() == "Internal Server Error: (no request)"
