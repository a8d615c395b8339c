"""`Depends`: functions, classes and generators that fill a parameter."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import httpx
import msgspec
import pytest

from django_bolt import BoltAPI, Depends, Header, Query, Request
from django_bolt._plan.errors import PlanError
from django_bolt.exceptions import HTTPException, NotFound
from django_bolt.testing import TestClient


class Item(msgspec.Struct):
    name: str


async def pagination(page: int = 1, limit: Annotated[int, Query(le=100)] = 20) -> dict[str, int]:
    return {"page": page, "limit": limit, "offset": (page - 1) * limit}


def plain_pagination(page: int = 1) -> int:
    return page


async def suspended(page: int = 1) -> int:
    await asyncio.sleep(0)
    return page


class Service:
    def __init__(self, request: Request, name: str = "default") -> None:
        self.path = request.path
        self.name = name


class Entered:
    """Has what an async context manager has."""

    entered = False

    async def __aenter__(self) -> str:
        self.entered = True
        return "connection"

    async def __aexit__(self, *args: object) -> None:
        self.entered = False


def register(api: BoltAPI, is_async: bool, handler: Any) -> None:
    """Register a plain function, as it is or as a coroutine."""
    if not is_async:
        api.get("/x")(handler)
        return

    @functools.wraps(handler)
    async def async_handler(*args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(0)
        return handler(*args, **kwargs)

    api.get("/x")(async_handler)


@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize("call", [plain_pagination, suspended])
def test_functions(call: Any, is_async: bool) -> None:
    api = BoltAPI()

    def handler(value: Any = Depends(call)) -> list[Any]:
        return [value]

    register(api, is_async, handler)
    with TestClient(api) as client:
        assert client.get("/x").json() == [1]
        assert client.get("/x?page=3").json() == [3]
        assert client.get("/x?page=a").json()["detail"][0]["loc"] == ["query", "page"]


def test_parameters_of_a_dependency_are_a_handler_s() -> None:
    api = BoltAPI()

    async def everything(
        request: Request, name: str, q: list[int], x_token: Annotated[str, Header()], item: Item
    ) -> list[Any]:
        return [request.method, name, q, x_token, item.name]

    @api.post("/{name}")
    async def handler(value: Any = Depends(everything)) -> Any:
        return value

    with TestClient(api) as client:
        response = client.post("/a?q=1&q=2", headers={"x-token": "t"}, json={"name": "n"})
        assert response.json() == ["POST", "a", [1, 2], "t", "n"]
        wrong = client.post("/a?q=x", json={"name": 1}).json()["detail"]
        assert sorted(str(error["loc"]) for error in wrong) == [
            "['body', 'name']",
            "['header', 'x-token']",
            "['query', 'q', 0]",
        ]


def test_errors_of_handler_and_dependency_are_in_one_answer() -> None:
    api = BoltAPI()

    @api.get("/{number}")
    async def handler(number: int, pages: Any = Depends(pagination)) -> None: ...

    with TestClient(api) as client:
        errors = client.get("/x?page=a&limit=101").json()["detail"]
    assert [error["loc"] for error in errors] == [["path", "number"], ["query", "page"], ["query", "limit"]]


def test_annotated_and_the_class_alone() -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(
        pages: Annotated[dict[str, int], Depends(pagination)],
        service: Annotated[Service, Depends()],
        other: Service = Depends(),
    ) -> list[Any]:
        return [pages, service.path, service.name, other is service]

    with TestClient(api) as client:
        assert client.get("/x?name=n&page=2").json() == [{"page": 2, "limit": 20, "offset": 20}, "/x", "n", True]


def test_an_instance_of_a_dependency_class_is_not_entered() -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(db: Any = Depends(Entered)) -> list[Any]:
        before = db.entered
        async with db as connection:
            return [before, db.entered, connection]

    with TestClient(api) as client:
        assert client.get("/x").json() == [False, True, "connection"]


def counter() -> tuple[Any, list[int]]:
    calls: list[int] = []

    async def count() -> int:
        calls.append(1)
        return len(calls)

    return count, calls


def test_once_for_each_request_however_often_it_is_asked_for() -> None:
    api = BoltAPI()
    count, calls = counter()

    async def nested(number: int = Depends(count)) -> int:
        return number

    @api.get("/x")
    async def handler(a: int = Depends(count), b: int = Depends(count), c: int = Depends(nested)) -> list[int]:
        return [a, b, c]

    with TestClient(api) as client:
        assert client.get("/x").json() == [1, 1, 1]
        assert client.get("/x").json() == [2, 2, 2]


def test_use_cache_false_calls_it_for_each_parameter() -> None:
    api = BoltAPI()
    count, calls = counter()

    @api.get("/x")
    async def handler(
        a: int = Depends(count), b: int = Depends(count, use_cache=False), c: int = Depends(count)
    ) -> list[int]:
        return [a, b, c]

    with TestClient(api) as client:
        first = client.get("/x").json()
        assert sorted(first) == [1, 1, 2]
        assert first[0] == first[2]


@pytest.mark.parametrize("is_async", [True, False])
def test_generators_are_cleaned_up_after_the_response_last_in_first_out(is_async: bool) -> None:
    api = BoltAPI()
    events: list[str] = []

    def outer() -> Iterator[str]:
        events.append("outer in")
        yield "outer"
        events.append("outer out")

    def inner(value: str = Depends(outer)) -> Iterator[str]:
        events.append("inner in")
        yield f"{value} inner"
        events.append("inner out")

    def handler(value: str = Depends(inner)) -> str:
        events.append("handler")
        return value

    register(api, is_async, handler)
    with TestClient(api) as client:
        assert client.get("/x").text == "outer inner"
        client.settle()
        assert events == ["outer in", "inner in", "handler", "inner out", "outer out"]


def test_async_generators() -> None:
    api = BoltAPI()
    events: list[str] = []

    async def session() -> AsyncIterator[str]:
        await asyncio.sleep(0)
        try:
            yield "session"
        finally:
            await asyncio.sleep(0)
            events.append("closed")

    @api.get("/x")
    async def handler(value: str = Depends(session)) -> str:
        return value

    with TestClient(api) as client:
        assert client.get("/x").text == "session"
        client.settle()
        assert events == ["closed"]


def test_the_response_does_not_wait_for_the_clean_up() -> None:
    api = BoltAPI()
    events: list[str] = []

    async def session() -> AsyncIterator[str]:
        yield "session"
        await asyncio.sleep(0.2)
        events.append("closed")

    @api.get("/x")
    async def handler(value: str = Depends(session)) -> str:
        return value

    @api.get("/wait")
    async def wait() -> str:
        await asyncio.sleep(0.3)
        return "waited"

    with TestClient(api) as client:
        assert client.get("/x").text == "session"
        assert events == []
        client.get("/wait")
        assert events == ["closed"]


@pytest.mark.parametrize("is_async", [True, False])
def test_a_generator_sees_the_handler_s_exception_and_cannot_swallow_it(is_async: bool) -> None:
    api = BoltAPI()
    seen: list[BaseException] = []

    def session() -> Iterator[str]:
        try:
            yield "session"
        except ValueError as exc:
            seen.append(exc)

    def handler(value: str = Depends(session)) -> str:
        raise ValueError("x")

    register(api, is_async, handler)
    with TestClient(api, raise_server_exceptions=False) as client:
        assert client.get("/x").status_code == 500
    assert [str(exc) for exc in seen] == ["x"]


@pytest.mark.parametrize("is_async", [True, False])
def test_a_generator_that_raises_before_its_yield_is_answered_with_that(is_async: bool) -> None:
    api = BoltAPI()

    def session() -> Iterator[str]:
        raise HTTPException(401, "who are you")
        yield

    def handler(value: str = Depends(session)) -> str:
        return value

    register(api, is_async, handler)
    with TestClient(api) as client:
        response = client.get("/x")
    assert (response.status_code, response.json()) == (401, {"detail": "who are you"})


def test_an_async_generator_that_raises_before_its_yield_is_answered_with_that() -> None:
    api = BoltAPI()

    async def session() -> AsyncIterator[str]:
        raise HTTPException(401, "who are you")
        yield

    @api.get("/x")
    async def handler(value: str = Depends(session)) -> str:
        return value

    with TestClient(api) as client:
        response = client.get("/x")
    assert (response.status_code, response.json()) == (401, {"detail": "who are you"})


@pytest.mark.parametrize("is_async", [True, False])
def test_a_generator_may_turn_the_exception_into_another(is_async: bool) -> None:
    api = BoltAPI()

    def session() -> Iterator[str]:
        try:
            yield "session"
        except ValueError as exc:
            raise NotFound("translated") from exc

    def handler(value: str = Depends(session)) -> str:
        raise ValueError("x")

    register(api, is_async, handler)
    with TestClient(api) as client:
        assert client.get("/x").json() == {"detail": "translated"}


@pytest.mark.parametrize("is_async", [True, False])
def test_generators_entered_before_a_failing_dependency_are_cleaned_up(is_async: bool) -> None:
    api = BoltAPI()
    events: list[str] = []

    def session() -> Iterator[str]:
        try:
            yield "session"
        finally:
            events.append("closed")

    def refuse(value: str = Depends(session)) -> None:
        raise HTTPException(401, "no")

    def handler(value: None = Depends(refuse)) -> str:
        events.append("handler")
        return "x"

    register(api, is_async, handler)
    with TestClient(api) as client:
        assert client.get("/x").status_code == 401
    assert events == ["closed"]


def test_a_clean_up_that_fails_is_logged_and_leaves_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    api = BoltAPI()

    async def session() -> AsyncIterator[str]:
        yield "session"
        raise LookupError("in clean-up")

    @api.get("/x")
    async def handler(value: str = Depends(session)) -> str:
        return value

    with TestClient(api) as client:
        assert client.get("/x").text == "session"
        client.settle()
    assert "in clean-up" in caplog.text


def test_a_generator_is_cleaned_up_where_the_value_has_no_form() -> None:
    api = BoltAPI()
    events: list[str] = []

    async def session() -> AsyncIterator[str]:
        try:
            yield "session"
        finally:
            events.append("closed")

    @api.get("/x")
    async def handler(value: str = Depends(session)):
        return object()

    with TestClient(api, raise_server_exceptions=False) as client:
        assert client.get("/x").status_code == 500
        client.settle()
    assert events == ["closed"]


def test_generators_of_a_cancelled_handler_are_closed() -> None:
    api = BoltAPI()
    events: list[str] = []

    async def session() -> AsyncIterator[str]:
        try:
            yield "session"
        finally:
            events.append("closed")

    @api.get("/x")
    async def handler(value: str = Depends(session)) -> str:
        await asyncio.sleep(30)
        return value

    with TestClient(api) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get("/x", timeout=0.1)
        client.settle()
        assert events == ["closed"]


def test_a_context_variable_of_a_dependency_is_seen_by_the_handler() -> None:
    api = BoltAPI()
    tenant: contextvars.ContextVar[str] = contextvars.ContextVar("tenant", default="none")

    async def choose(name: str = "none") -> None:
        tenant.set(name)

    @api.get("/x")
    async def handler(chosen: None = Depends(choose)) -> str:
        return tenant.get()

    with TestClient(api) as client:
        assert client.get("/x?name=a").text == "a"
        assert client.get("/x").text == "none"


def first(value: Any = None) -> Any: ...


def second(value: Any = Depends(first)) -> Any: ...


def test_a_cycle_is_refused_with_the_chain_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first, "__defaults__", (Depends(second),))
    with pytest.raises(PlanError, match=r"first.*second.*first"):

        @BoltAPI().get("/x")
        async def handler(value: Any = Depends(first)) -> None: ...


@pytest.mark.parametrize("wrong", [3, "name"])
def test_what_cannot_be_called_is_refused(wrong: Any) -> None:
    with pytest.raises((PlanError, TypeError)):

        @BoltAPI().get("/x")
        async def handler(value: Any = Depends(wrong)) -> None: ...
