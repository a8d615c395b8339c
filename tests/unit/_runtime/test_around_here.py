"""What stands around a `def` handler, as blocking code."""

from __future__ import annotations

from typing import Any

import pytest

from django_bolt._runtime.around_here import build_around_here
from django_bolt._runtime.run import Deferred
from django_bolt.request import Request
from django_bolt.responses import Response
from tests.unit._runtime.test_around import fail, finish
from tests.unit.raw_request import Raw


def around(call: Any, django: Any = None) -> Any:
    return build_around_here(call, access=None, finish=finish, fail=fail, django=django)


def test_arguments_reach_the_handler() -> None:
    response = around(lambda *args: args)(Request(Raw()), None, 1, 2)
    assert response.as_reply() == (200, [("x-value", "(1, 2)")], b"")


def test_an_exception_is_answered_inside_the_middleware() -> None:
    seen: list[int] = []

    def django(request: Any, call_next: Any) -> Response:
        response: Response = call_next(request)
        seen.append(response.status_code)
        return response

    assert around(lambda: 1 / 0, django)(Request(Raw()), None).body == b"ZeroDivisionError"
    assert seen == [500]


def test_the_handler_is_called_once() -> None:
    def twice(request: Any, call_next: Any) -> Any:
        call_next(request)
        return call_next(request)

    assert around(lambda: 1, twice)(Request(Raw()), None).body == b"RuntimeError"


@pytest.mark.parametrize("error", [None, OSError(), KeyboardInterrupt()], ids=repr)
def test_clean_up_comes_with_the_response_or_with_what_middleware_raises(error: BaseException | None) -> None:
    events: list[Any] = []

    def django(request: Any, call_next: Any) -> Response:
        response: Response = call_next(request)
        if error is not None:
            raise error
        return response

    call = around(lambda: Deferred(1, lambda error=None: events.append(error)), django)
    if isinstance(error, KeyboardInterrupt):
        with pytest.raises(KeyboardInterrupt):
            call(Request(Raw()), None)
        assert events == [error]
        return
    made = call(Request(Raw()), None)
    assert type(made) is Deferred
    assert events == []
    assert made.value.status_code == (200 if error is None else 500)
    made.cleanup()
    assert events == [None]


def test_a_handler_whose_value_has_no_answer_is_cleaned_up_at_once() -> None:
    events: list[Any] = []

    def unanswerable(value: Any) -> Any:
        raise TypeError

    call = build_around_here(
        lambda: Deferred(1, lambda error=None: events.append(type(error))),
        access=None,
        finish=unanswerable,
        fail=fail,
        django=None,
    )
    assert call(Request(Raw()), None).body == b"TypeError"
    assert events == [TypeError]
