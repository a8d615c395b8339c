from __future__ import annotations

import functools
import inspect
from typing import Any

import pytest

from django_bolt._plan.declaration import RouteDeclaration
from django_bolt._plan.errors import PlanError
from django_bolt._runtime.own_middleware import check_skipped, checked, name_of, style_of
from django_bolt.middleware import CompressionMiddleware, CORSMiddleware, RateLimitMiddleware


async def function(request: Any, call_next: Any) -> Any:
    return await call_next(request)


class Call:
    async def __call__(self, request: Any, call_next: Any) -> Any:
        return await call_next(request)

    async def method(self, request: Any, call_next: Any) -> Any:
        return await call_next(request)


class Process:
    async def process_request(self, request: Any) -> None: ...


class Respond:
    async def process_response(self, request: Any, response: Any) -> None: ...


def decorated(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any) -> Any:
        return function(*args)

    return wrapper


@pytest.mark.parametrize("item", [function, decorated(function), Call(), Call().method, Process(), Respond()])
def test_is_taken_as_it_is(item: Any) -> None:
    assert checked("BoltAPI", item) is item or item == checked("BoltAPI", item)


@pytest.mark.parametrize("kind", [Call, Process, Respond, CORSMiddleware, RateLimitMiddleware, CompressionMiddleware])
def test_a_class_is_made(kind: type) -> None:
    assert type(checked("BoltAPI", kind)) is kind


@pytest.mark.parametrize(
    ("item", "style"), [(function, "call"), (Call(), "call"), (Call().method, "call"), (Process(), "process")]
)
def test_how_it_is_asked(item: Any, style: str) -> None:
    assert style_of(item) == style


@pytest.mark.parametrize(
    ("item", "name"), [(function, "function"), (Call(), "Call"), (CORSMiddleware(), "CORSMiddleware")]
)
def test_names(item: Any, name: str) -> None:
    assert name_of(item) == name


@pytest.mark.parametrize("item", [None, 3, object(), lambda request, call_next: None, inspect, dict])
def test_is_refused(item: Any) -> None:
    with pytest.raises(PlanError, match="^BoltAPI: "):
        checked("BoltAPI", item)


def declaration(*, skipped: set[str], middleware: tuple[Any, ...] = ()) -> RouteDeclaration:
    return RouteDeclaration(
        method="GET", path="/x", handler=function, middleware=middleware, skipped=frozenset(skipped)
    )


@pytest.mark.parametrize("name", ["*", "cors", "compression", "rate_limit", "CORSMiddleware", "Call", "function"])
def test_names_that_can_be_left_out(name: str) -> None:
    check_skipped([declaration(skipped={name}), declaration(skipped=set(), middleware=(Call(), function))])


@pytest.mark.parametrize("name", ["CORS", "Process", ""])
def test_names_that_nothing_has(name: str) -> None:
    with pytest.raises(PlanError, match="names nothing that is declared"):
        check_skipped([declaration(skipped={name}, middleware=(Call(),))])
