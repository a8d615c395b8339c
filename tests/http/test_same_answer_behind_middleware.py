"""Middleware that does nothing changes nothing: every answer is what it is without."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import pytest

from django_bolt import BoltAPI, Depends, Header, Query, Request
from django_bolt.testing import AsyncTestClient, TestClient
from tests.http.kinds import kinds
from tests.http.test_same_answer import (
    BAD_REQUESTS,
    TYPED,
    VALUES,
    Item,
    kinds_with_dependencies,
    seen,
)


async def by_function(request: Any, call_next: Any) -> Any:
    return await call_next(request)


class ByCall:
    async def __call__(self, request: Any, call_next: Any) -> Any:
        return await call_next(request)


class Before:
    async def process_request(self, request: Any) -> None:
        pass


class Behind:
    async def process_response(self, request: Any, response: Any) -> Any:
        return response


MIDDLEWARE = [by_function, ByCall, Before, Behind]


def both(**options: Any) -> tuple[BoltAPI, BoltAPI]:
    """Return two applications, of which the second has middleware."""
    return BoltAPI("/api", **options), BoltAPI("/api", middleware=MIDDLEWARE, **options)


def registered(api: BoltAPI, make: Any, **options: Any) -> list[str]:
    """Register a handler of every kind; return their paths."""
    handlers = kinds(make) | kinds_with_dependencies(make)
    for name, (handler, more) in handlers.items():
        api.get(f"/{name.replace(' ', '-')}", **more, **options)(handler)
    return [f"/api/{name.replace(' ', '-')}" for name in handlers]


def assert_same(plain: BoltAPI, wrapped: BoltAPI, requests: list[dict[str, Any]]) -> None:
    answers = []
    for api in (plain, wrapped):
        with TestClient(api, raise_server_exceptions=False) as client:
            answers.append([(request["url"], seen(client.request(**request))) for request in requests])
    assert answers[0] == answers[1]


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("options", [{}, {"status_code": 202}, {"timeout": 60}], ids=str)
def test_untyped(name: str, options: dict[str, Any]) -> None:
    plain, wrapped = both()
    if "timeout" in options:
        for api in (plain, wrapped):
            api.get("/a", **options)(kinds(VALUES[name])["suspending"][0])
        paths = ["/api/a"]
    else:
        paths = [registered(api, VALUES[name], **options) for api in (plain, wrapped)][0]
    requests = [{"method": method, "url": path} for path in paths for method in ("GET", "HEAD")]
    assert_same(plain, wrapped, requests)


@pytest.mark.parametrize("name", TYPED)
@pytest.mark.parametrize("validate", [True, False])
def test_typed(name: str, validate: bool) -> None:
    kind, make = TYPED[name]
    plain, wrapped = both()
    options: dict[str, Any] = {"response_model": kind, "validate_response": validate}
    paths = [registered(api, make, **options) for api in (plain, wrapped)][0]
    assert_same(plain, wrapped, [{"method": "GET", "url": path} for path in paths])


@pytest.mark.parametrize("name", VALUES)
async def test_under_a_loop_of_the_test_s_own(name: str) -> None:
    answers = []
    for api in both():
        paths = registered(api, VALUES[name])
        async with AsyncTestClient(api, raise_server_exceptions=False) as client:
            answers.append([(path, seen(await client.get(path))) for path in paths])
    assert answers[0] == answers[1]


@pytest.mark.parametrize("request_of", BAD_REQUESTS, ids=lambda request: str(request)[:40])
def test_what_is_wrong_with_a_request(request_of: dict[str, Any]) -> None:
    def arguments(number: int, q: Annotated[int, Query(ge=1)], x_token: Annotated[str, Header()], item: Item) -> Any:
        return [number, q, x_token, item.name]

    async def suspending(
        number: int, q: Annotated[int, Query(ge=1)], x_token: Annotated[str, Header()], item: Item, *, request: Request
    ) -> list[Any]:
        await asyncio.sleep(0)
        return [number, q, x_token, item.name, request.body.decode()]

    async def depending(values: Any = Depends(suspending)) -> Any:
        return values

    def broken(number: int, item: Item, value: Annotated[int, Depends(lambda: 1 / 0)]) -> None: ...

    apis = both()
    names = ["def", "inline", "suspending", "depending", "broken"]
    for api in apis:
        api.post("/def/{number}", max_body=100)(arguments)
        api.post("/inline/{number}", inline=True, max_body=100)(arguments)
        api.post("/suspending/{number}", max_body=100)(suspending)
        api.post("/depending/{number}", max_body=100)(depending)
        api.post("/broken/{number}")(broken)
    requests = [{**request_of, "url": f"/api/{name}{request_of['url']}", "method": "POST"} for name in names]
    requests += [{**request, "content": b"1" * 200} for request in requests if "json" not in request]
    assert_same(*apis, requests)


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD", "DELETE"])
@pytest.mark.parametrize("path", ["/api/a", "/api/a/", "/api/none", "/api", "/other", "/api/%FF", "/apis"])
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_what_no_route_answers(method: str, path: str, accept: str) -> None:
    apis = both()
    for api in apis:
        api.get("/a")(kinds(dict)["plain"][0])
    assert_same(*apis, [{"method": method, "url": path, "headers": {"accept": accept}, "follow_redirects": False}])
