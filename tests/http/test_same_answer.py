"""A fast path answers as the slow one does: one body of code, run as every kind of handler there is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import pytest
from django.contrib.auth.models import Group
from django.http import Http404, HttpResponse

from django_bolt import BoltAPI, Depends, Header, Query, Request
from django_bolt.exceptions import BadRequest, HTTPException, RequestValidationError
from django_bolt.responses import HTML, JSON, PlainText, Redirect, Response
from django_bolt.testing import AsyncTestClient, TestClient
from tests.http.kinds import kinds


class Item(msgspec.Struct):
    name: str
    price: float = 0.5


class Wide(Item):
    secret: str = "hunter2"


class Named(msgspec.Struct):
    name: str


@dataclass
class Point:
    x: int = 1


def fail(exc: BaseException) -> Any:
    raise exc


def cookie() -> Response:
    response = JSON({"a": 1}, 201, {"x-one": "1"})
    response.set_cookie("a", "1", httponly=True)
    return response


VALUES: dict[str, Callable[[], Any]] = {
    "dict": lambda: {"a": 1, "b": [1.5, None, "é"]},
    "empty dict": dict,
    "list": lambda: [1, {"a": 2}],
    "struct": lambda: Item("a"),
    "list of structs": lambda: [Item("a"), Item("b", 2.0)],
    "dataclass": Point,
    "str": lambda: "text é",
    "empty str": str,
    "bytes": lambda: b"\xff\x00",
    "none": lambda: None,
    "int": lambda: 3,
    "bool": lambda: True,
    "tuple": lambda: ({"a": 1}, 201),
    "tuple with headers": lambda: ("a", 202, {"x-one": "1"}),
    "none and 204": lambda: (None, 204),
    "json": cookie,
    "plain text": lambda: PlainText("a"),
    "html": lambda: HTML("<p>", status_code=202),
    "redirect": lambda: Redirect("/other"),
    "django response": lambda: HttpResponse("a", status=418, headers={"x-one": "1"}),
    "http exception": lambda: fail(HTTPException(409, {"a": 1}, {"x-one": "1"}, extra=[1])),
    "bad request": lambda: fail(BadRequest("no")),
    "http404": lambda: fail(Http404("gone")),
    "validation error": lambda: fail(RequestValidationError([(["body"], "no", "value_error")])),
    "error": lambda: fail(ValueError("secret")),
    "no json": object,
}
TYPED: dict[str, tuple[Any, Callable[[], Any]]] = {
    "struct": (Item, lambda: Item("a")),
    "wider struct": (Item, lambda: Wide("a")),
    "dict": (Item, lambda: {"name": "a", "other": 1}),
    "list": (list[Item], lambda: [Wide("a"), {"name": "b"}]),
    "wrong": (Item, lambda: {"name": 1}),
    "dict of int": (dict[str, int], lambda: {"a": 1}),
    "str": (str, lambda: "a"),
    "tuple": (tuple[int, int], lambda: (1, 201)),
    "json": (Item, lambda: JSON(Wide("a"), 201)),
    "error body": (Item, lambda: ({"error": 1}, 400)),
    "instance": (Named, lambda: Group(name="a")),
    "instance with a status": (Named, lambda: (Group(name="a"), 200)),
    "wrong instance": (Named, lambda: Group(name=1)),
}


def behind(call: Any) -> tuple[Any, Any]:
    """Return a coroutine and a plain function that return what a dependency makes."""

    async def depending(value: Any = Depends(call)):
        return value

    def plainly(value: Any = Depends(call)):
        return value

    return depending, plainly


def kinds_with_dependencies(make: Callable[[], Any]) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Return handlers behind every kind of dependency, with the options of their routes."""

    def makes() -> Any:
        return make()

    async def makes_slowly() -> Any:
        await asyncio.sleep(0)
        return make()

    def generates() -> Iterator[Any]:
        yield make()

    calls = {"plain": makes, "slow": makes_slowly, "generated": generates}
    handlers: dict[str, tuple[Any, dict[str, Any]]] = {}
    for name, call in calls.items():
        depending, plainly = behind(call)
        handlers[f"behind {name}"] = depending, {}
        handlers[f"def behind {name}"] = plainly, {}
    handlers["inline behind plain"] = behind(makes)[1], {"inline": True}
    return handlers


def application(make: Callable[[], Any], **options: Any) -> tuple[BoltAPI, list[str]]:
    api = BoltAPI()
    handlers = kinds(make) | kinds_with_dependencies(make)
    for name, (handler, more) in handlers.items():
        api.get(f"/{name.replace(' ', '-')}", **more, **options)(handler)
    return api, [f"/{name.replace(' ', '-')}" for name in handlers]


def seen(response: Any) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return status, headers and body, without what is different for each request; names have no order."""
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in ("date", "x-request-id")]
    return response.status_code, sorted(headers, key=lambda pair: pair[0]), response.content


def assert_same(answers: dict[str, Any]) -> None:
    (expected, *_) = answers.values()
    assert {name: answer for name, answer in answers.items() if answer != expected} == {}


@pytest.mark.parametrize("name", VALUES)
def test_untyped(name: str) -> None:
    api, paths = application(VALUES[name])
    with TestClient(api, raise_server_exceptions=False) as client:
        assert_same({path: seen(client.get(path)) for path in paths})


@pytest.mark.parametrize("name", VALUES)
def test_behind_an_async_generator(name: str) -> None:
    async def generates() -> AsyncIterator[Any]:
        await asyncio.sleep(0)
        yield VALUES[name]()

    api, (path, *_) = application(VALUES[name])
    depending, plainly = behind(generates)
    api.get("/generated")(depending)
    api.get("/def-generated")(plainly)
    with TestClient(api, raise_server_exceptions=False) as client:
        assert_same({path: seen(client.get(path)) for path in (path, "/generated", "/def-generated")})


@pytest.mark.parametrize("name", TYPED)
@pytest.mark.parametrize("validate", [True, False])
def test_typed(name: str, validate: bool) -> None:
    kind, make = TYPED[name]
    api, paths = application(make, response_model=kind, validate_response=validate)
    with TestClient(api, raise_server_exceptions=False) as client:
        # Again, for what is looked at when it is met first.
        assert_same({f"{path} {time}": seen(client.get(path)) for path in paths for time in range(2)})


@pytest.mark.parametrize("name", VALUES)
def test_under_a_status_of_the_route_s_own(name: str) -> None:
    api, paths = application(VALUES[name], status_code=202)
    with TestClient(api, raise_server_exceptions=False) as client:
        assert_same({path: seen(client.get(path)) for path in paths})


@pytest.mark.parametrize("name", VALUES)
def test_head_is_get_without_a_body(name: str) -> None:
    api, paths = application(VALUES[name])
    with TestClient(api, raise_server_exceptions=False) as client:
        for path in paths:
            get, head = client.get(path), client.head(path)
            assert head.content == b""
            assert seen(head)[:2] == seen(get)[:2]


@pytest.mark.parametrize("name", VALUES)
async def test_the_async_client_answers_alike(name: str) -> None:
    api, paths = application(VALUES[name])
    async with AsyncTestClient(api, raise_server_exceptions=False) as client:
        assert_same({path: seen(await client.get(path)) for path in paths})


def test_both_clients_answer_alike() -> None:
    answers: dict[str, list[Any]] = {"sync": [], "async": []}
    apis = [application(make) for make in VALUES.values()]
    for api, paths in apis:
        with TestClient(api, raise_server_exceptions=False) as client:
            answers["sync"] += [seen(client.get(path)) for path in paths]

    async def ask() -> None:
        for api, paths in apis:
            async with AsyncTestClient(api, raise_server_exceptions=False) as client:
                answers["async"] += [seen(await client.get(path)) for path in paths]

    asyncio.run(ask())
    assert answers["sync"] == answers["async"]


BAD_REQUESTS: list[dict[str, Any]] = [
    {"url": "/1?q=2", "json": {"name": "a"}, "headers": {"x-token": "t"}},
    {"url": "/x?q=y", "json": {"name": 1}},
    {"url": "/1", "content": b"{"},
    {"url": "/1?q=0", "content": b""},
    {"url": "/1?q=%00", "json": {"name": "a\0"}},
    {"url": "/1?q=2", "content": b"a", "headers": {"content-type": "text/plain"}},
    {"url": "/1?q=2", "content": b"[" * 100},
    {"url": "/%FF?q=2", "json": {}},
]


@pytest.mark.parametrize("request_of", BAD_REQUESTS, ids=lambda request: str(request)[:40])
def test_validation(request_of: dict[str, Any]) -> None:
    async def plain(
        number: int, q: Annotated[int, Query(ge=1)], x_token: Annotated[str, Header()], item: Item
    ) -> list[Any]:
        return [number, q, x_token, item.name]

    async def suspending(
        number: int, q: Annotated[int, Query(ge=1)], x_token: Annotated[str, Header()], item: Item
    ) -> list[Any]:
        await asyncio.sleep(0)
        return [number, q, x_token, item.name]

    def function(
        number: int, q: Annotated[int, Query(ge=1)], x_token: Annotated[str, Header()], item: Item
    ) -> list[Any]:
        return [number, q, x_token, item.name]

    async def with_request(
        number: int, q: Annotated[int, Query(ge=1)], x_token: Annotated[str, Header()], item: Item, request: Request
    ) -> list[Any]:
        return [int(request.params["number"]), int(request.query["q"]), request.headers["x-token"], item.name]

    async def depending(values: Any = Depends(plain)) -> Any:
        return values

    def function_depending(values: Any = Depends(function)) -> Any:
        return values

    api = BoltAPI()
    handlers = {
        "plain": (plain, {}),
        "suspending": (suspending, {}),
        "def": (function, {}),
        "inline": (function, {"inline": True}),
        "request": (with_request, {}),
        "depending": (depending, {}),
        "def-depending": (function_depending, {}),
    }
    for name, (handler, options) in handlers.items():
        api.post(f"/{name}/{{number}}", **options)(handler)
    arguments = dict(request_of)
    url = arguments.pop("url")
    with TestClient(api) as client:
        assert_same({name: seen(client.post(f"/{name}{url}", **arguments)) for name in handlers})
