from __future__ import annotations

import pytest

from django_bolt import _json
from django_bolt._runtime.refusal import BY_STATUS, SHOWN, refusal_exception
from django_bolt.error_handlers import handle_exception
from django_bolt.exceptions import HTTPException, RequestValidationError

JSON = ("content-type", "application/json")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 415, 429, 503])
def test_the_exception_answers_as_the_server_did(status: int) -> None:
    refusal = (status, [JSON, ("x-field", "1")], _json.encode({"detail": "told"}))
    error = refusal_exception(refusal)
    assert isinstance(error, BY_STATUS.get(status, HTTPException))
    assert isinstance(error, SHOWN)
    assert handle_exception(error) == refusal


def test_the_list_of_what_is_wrong() -> None:
    errors = [{"loc": ["body", 1, "name"], "msg": "expected str", "type": "type_error"}]
    refusal = (422, [JSON], _json.encode({"detail": errors}))
    error = refusal_exception(refusal)
    assert isinstance(error, RequestValidationError)
    assert error.errors == errors
    assert handle_exception(error) == refusal


@pytest.mark.parametrize(
    "answer",
    [
        (204, [("allow", "GET")], b""),
        (308, [("location", "/a")], b""),
        (404, [("content-type", "text/html; charset=utf-8")], b"<h1>Not Found"),
        (404, [], b""),
    ],
)
def test_what_is_no_refusal_of_the_server_s_own(answer: tuple[int, list[tuple[str, str]], bytes]) -> None:
    assert refusal_exception(answer) is None
