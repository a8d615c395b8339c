"""A project's own handlers of exceptions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.http import Http404, HttpResponse

from django_bolt import BoltAPI, Request
from django_bolt.exceptions import HTTPException, NotFound, RequestValidationError, exception_handler
from django_bolt.responses import JSON
from django_bolt.testing import TestClient


class Teapot(Exception):
    """An exception of the project."""


class Kettle(Teapot):
    """A more special one."""


def serve(api: BoltAPI, exc: BaseException) -> Any:
    @api.get("/async")
    async def in_coroutine(number: int = 0) -> None:
        raise exc

    @api.get("/def")
    def in_function(number: int = 0) -> None:
        raise exc

    with TestClient(api, raise_server_exceptions=False) as client:
        first, second = client.get("/async"), client.get("/def")
        assert (first.status_code, first.content) == (second.status_code, second.content)
        assert first.headers["content-type"] == second.headers["content-type"]
        return first


def test_the_catch_all_gets_the_exception_and_the_request() -> None:
    seen = []

    def handle(exc: BaseException, request: Any) -> Any:
        seen.append((exc, type(request), request.path))
        return {"error": "internal_server_error", "detail": str(exc)}, 500

    exc = ValueError("x")
    response = serve(BoltAPI(exception_handler=handle), exc)
    assert (response.status_code, response.json()) == (500, {"error": "internal_server_error", "detail": "x"})
    assert seen == [(exc, Request, "/async"), (exc, Request, "/def")]


def test_an_async_catch_all() -> None:
    async def handle(exc: BaseException, request: Any) -> Any:
        await asyncio.sleep(0)
        return {"error": str(exc)}, 418

    response = serve(BoltAPI(exception_handler=handle), ValueError("x"))
    assert (response.status_code, response.json()) == (418, {"error": "x"})


def test_a_body_without_a_status_means_500() -> None:
    response = serve(BoltAPI(exception_handler=lambda exc, request: {"error": str(exc)}), ValueError("x"))
    assert (response.status_code, response.json()) == (500, {"error": "x"})


@pytest.mark.parametrize("exc", [HTTPException(404, "a"), NotFound(), Http404(), RequestValidationError([])])
def test_the_catch_all_is_not_called_for_what_is_mapped(exc: Exception) -> None:
    def handle(exc: BaseException, request: Any) -> Any:
        raise AssertionError("not for this one")

    assert serve(BoltAPI(exception_handler=handle), exc).status_code in (404, 422)


def test_the_catch_all_is_not_called_for_a_404_405_or_422() -> None:
    def handle(exc: BaseException, request: Any) -> Any:
        return "mine", 418

    api = BoltAPI(exception_handler=handle)

    @api.get("/x")
    async def handler(number: int) -> int:
        return number

    with TestClient(api) as client:
        statuses = [client.get("/y").status_code, client.post("/x").status_code, client.get("/x").status_code]
    assert statuses == [404, 405, 422]


def test_a_handler_of_one_type_and_of_its_subclasses() -> None:
    api = BoltAPI()

    @api.exception_handler(Teapot)
    def handle(exc: BaseException, request: Any) -> Any:
        return {"short": True}, 418

    assert serve(api, Kettle()).json() == {"short": True}


def test_the_most_special_handler_wins() -> None:
    api = BoltAPI(exception_handler=lambda exc, request: ("all", 500))

    @api.exception_handler(Exception)
    def whatever(exc: BaseException, request: Any) -> Any:
        return "exception", 500

    @api.exception_handler(Teapot)
    async def teapot(exc: BaseException, request: Any) -> Any:
        return "teapot", 418

    assert serve(api, Kettle()).text == "teapot"


def test_a_handler_of_a_mapped_type_beats_the_mapping() -> None:
    api = BoltAPI()

    @api.exception_handler(NotFound, Http404)
    async def handle(exc: BaseException, request: Any) -> Any:
        return {"missing": True}, 404

    assert serve(api, NotFound()).json() == {"missing": True}
    api = BoltAPI()
    api.exception_handler(Http404)(handle)
    assert serve(api, Http404()).json() == {"missing": True}


def test_a_handler_of_validation_errors_sees_what_the_framework_refuses() -> None:
    api = BoltAPI()

    @api.exception_handler(RequestValidationError)
    def handle(exc: Any, request: Any) -> Any:
        return {"wrong": [error["loc"] for error in exc.errors], "path": request.path}, 400

    @api.post("/{number}")
    async def handler(number: int, q: str) -> None: ...

    @api.post("/read/json")
    async def read(request: Request) -> Any:
        return await request.json()

    with TestClient(api) as client:
        response = client.post("/x")
        assert (response.status_code, response.json()) == (
            400,
            {"wrong": [["path", "number"], ["query", "q"]], "path": "/x"},
        )
        assert client.post("/read/json", content=b"{").json() == {"wrong": [["body", 1, 2]], "path": "/read/json"}


def test_marked_functions_in_a_list() -> None:
    @exception_handler(Teapot, KeyError)
    def handle(exc: BaseException, request: Any) -> Any:
        return {"marked": type(exc).__name__}, 418

    assert serve(BoltAPI(exception_handlers=[handle]), Teapot()).json() == {"marked": "Teapot"}
    assert serve(BoltAPI(exception_handlers=[handle]), KeyError()).json() == {"marked": "KeyError"}


@pytest.mark.parametrize(
    "value", [JSON({"a": 1}, 418), HttpResponse("a", status=418), ({"a": 1}, 418, {"x-one": "1"}), ("a", 418)]
)
def test_a_handler_may_return_a_response_or_headers(value: Any) -> None:
    assert serve(BoltAPI(exception_handler=lambda exc, request: value), ValueError()).status_code == 418


def test_a_handler_that_fails_itself_is_a_500_with_both_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def handle(exc: BaseException, request: Any) -> Any:
        raise LookupError("the handler's own")

    response = serve(BoltAPI(exception_handler=handle), ValueError("the first"))
    assert (response.status_code, response.json()) == (500, {"detail": "Internal Server Error"})
    assert "the handler's own" in caplog.text
    assert "the first" in caplog.text


def test_a_handler_that_fails_later_is_a_500() -> None:
    async def handle(exc: BaseException, request: Any) -> Any:
        await asyncio.sleep(0)
        raise LookupError("later")

    assert serve(BoltAPI(exception_handler=handle), ValueError()).json() == {"detail": "Internal Server Error"}


@pytest.mark.parametrize("wrong", [3, "ValueError", object])
def test_what_is_no_exception_class_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="exception class"):
        BoltAPI().exception_handler(wrong)
    with pytest.raises(TypeError, match="exception class"):
        exception_handler(wrong)


def test_a_500_of_the_project_s_own_handler_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    serve(BoltAPI(exception_handler=lambda exc, request: {"error": True}), ValueError("the reason"))
    assert [record.name for record in caplog.records if record.levelname == "ERROR"] == ["django.request"] * 2
