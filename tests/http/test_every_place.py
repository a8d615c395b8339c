"""Whatever is declared is enforced: the walk over every place where a backend, a guard or a dependency can be put.

A new place belongs in `PLACES`; `test_no_place_is_forgotten` fails until it is there.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Annotated, Any, NamedTuple

import msgspec
import pytest

import django_bolt
from django_bolt import BoltAPI, Depends, Request, Router
from django_bolt.auth import AllowAny, AuthResult, BaseAuth, BaseGuard, IsAuthenticated
from django_bolt.exceptions import Unauthorized
from django_bolt.router import Routes
from django_bolt.testing import TestClient

PASS = {"X-Pass": "yes"}
METHODS = [
    name
    for name, member in inspect.getmembers(Routes, inspect.isfunction)
    if not name.startswith("_") and "options" in inspect.signature(member).parameters
]


class Body(msgspec.Struct):
    name: str


# What can be declared ------------------------------------------------------------------------


class Backend(BaseAuth):
    async def authenticate(self, request):
        return AuthResult(claims={"sub": "1"} if request.headers.get("X-Pass") else None)


class Guard(BaseGuard):
    async def check(self, request) -> bool:
        return request.headers.get("X-Pass") == "yes"


class PlainGuard(BaseGuard):
    def check(self, request) -> bool:
        return request.headers.get("X-Pass") == "yes"


async def guarding(request: Request) -> None:
    if request.headers.get("X-Pass") != "yes":
        raise Unauthorized()


def nested(guarded: Annotated[None, Depends(guarding)]) -> None:
    return guarded


POLICIES: dict[str, dict[str, Any]] = {
    "guard in Rust": {"guards": [IsAuthenticated]},
    "guard in Python": {"guards": [Guard]},
    "plain guard": {"guards": [PlainGuard()]},
    "backend and guard": {"auth": [Backend], "guards": [IsAuthenticated()]},
    "second guard": {"guards": [AllowAny, Guard]},
}
NEVER_PASSES = {"guard in Rust"}
"""Policies that `PASS` does not satisfy."""


# How a handler is written ----------------------------------------------------------------------

reached: list[str] = []


async def plain() -> str:
    reached.append("plain")
    return "through"


async def coroutine() -> str:
    await asyncio.sleep(0)
    reached.append("coroutine")
    return "through"


def function() -> str:
    reached.append("def")
    return "through"


async def with_request(request: Request) -> str:
    reached.append("request")
    return "through"


async def with_number(number: int) -> str:
    reached.append("number")
    return "through"


def with_number_def(number: int) -> str:
    reached.append("number def")
    return "through"


async def with_body(body: Body) -> str:
    reached.append("body")
    return "through"


async def with_dependency(number: Annotated[int, Depends(lambda number: 1)]) -> str:
    reached.append("dependency")
    return "through"


class Handler(NamedTuple):
    function: Callable[..., Any]
    options: dict[str, Any] = {}
    good: str = ""
    bad: str = ""
    body: bool = False


HANDLERS = {
    "plain": Handler(plain),
    "coroutine": Handler(coroutine),
    "def": Handler(function),
    "inline": Handler(function, {"inline": True}),
    "request": Handler(with_request),
    "number": Handler(with_number, {}, "?number=1", "?number=x"),
    "number-def": Handler(with_number_def, {}, "?number=1", "?number=x"),
    "dependency": Handler(with_dependency, {}, "?number=1", "?number="),
    "body": Handler(with_body, body=True),
    "shield": Handler(coroutine, {"shield": True, "timeout": 5.0}),
}


def declare(routes: Routes, **policy: Any) -> None:
    """Put a route of every method and kind on something."""
    for method in METHODS:
        for name, handler in HANDLERS.items():
            if not (handler.body and method in ("get", "head", "options")):
                getattr(routes, method)(f"/{method}/{name}", **handler.options, **policy)(handler.function)


# Where it can be declared ----------------------------------------------------------------------


def on_the_route(policy):
    api = BoltAPI()
    declare(api, **policy)
    return api, ""


def on_the_application(policy):
    api = BoltAPI("/api", **policy)
    declare(api)
    return api, "/api"


def on_a_router(policy):
    router = Router("/r", **policy)
    declare(router)
    api = BoltAPI()
    api.include_router(router, prefix="/p")
    return api, "/p/r"


def on_an_inner_router(policy):
    outer, inner = Router("/outer", guards=[AllowAny]), Router("/inner", **policy)
    declare(inner)
    outer.include_router(inner)
    api = BoltAPI(guards=[])
    api.include_router(outer)
    return api, "/outer/inner"


def on_an_outer_router(policy):
    outer, inner = Router("/outer", **policy), Router("/inner")
    declare(inner)
    outer.include_router(inner, prefix="/x")
    api = BoltAPI()
    api.include_router(outer)
    return api, "/outer/x/inner"


def above_a_router(policy):
    router = Router("/r")
    declare(router)
    api = BoltAPI(**policy)
    api.include_router(router)
    return api, "/r"


def on_a_mounted_application(policy):
    other = BoltAPI("/other", **policy)
    declare(other)
    api = BoltAPI("/api")
    api.mount("/m", other)
    return api, "/api/m/other"


def above_a_mounted_application(policy):
    other = BoltAPI()
    declare(other)
    api = BoltAPI("/api", **policy)
    api.mount("/m", other)
    return api, "/api/m"


def above_two_mounts_and_a_router(policy):
    router, inner, other = Router("/r"), BoltAPI("/inner"), BoltAPI("/other")
    declare(router)
    inner.include_router(router)
    other.mount("/n", inner)
    api = BoltAPI(**policy)
    api.mount("/m", other)
    return api, "/m/other/n/inner/r"


def below_what_lets_anybody_pass(policy):
    router, other = Router("/r", guards=[AllowAny]), BoltAPI("/other", guards=[])
    declare(router, **policy)
    other.include_router(router)
    api = BoltAPI(guards=[AllowAny])
    api.mount("/m", other)
    return api, "/m/other/r"


def registered_after_inclusion(policy):
    router, api = Router("/r", **policy), BoltAPI()
    api.include_router(router)
    declare(router)
    return api, "/r"


def one_handler_in_two_places(policy):
    api = BoltAPI()
    declare(api)
    router = Router("/guarded", **policy)
    declare(router)
    api.include_router(router)
    return api, "/guarded"


class Passing:
    """Middleware that lets everything pass."""

    async def __call__(self, request, call_next):
        return await call_next(request)


def below_middleware(policy):
    api = BoltAPI(middleware=[Passing], **policy)
    declare(api)
    return api, ""


def with_error_handlers(policy):
    api = BoltAPI(**policy)
    api.exception_handler(LookupError)(lambda exc, request: "seen")
    declare(api)
    return api, ""


PLACES = {
    place.__name__: (place, owner)
    for place, owner in {
        on_the_route: "RouteOptions",
        on_the_application: "BoltAPI",
        on_a_router: "Router",
        on_an_inner_router: "Router",
        on_an_outer_router: "Router",
        above_a_router: "BoltAPI",
        on_a_mounted_application: "BoltAPI",
        above_a_mounted_application: "BoltAPI",
        above_two_mounts_and_a_router: "BoltAPI",
        below_what_lets_anybody_pass: "RouteOptions",
        registered_after_inclusion: "Router",
        one_handler_in_two_places: "Router",
        below_middleware: "BoltAPI",
        with_error_handlers: "BoltAPI",
    }.items()
}

CARRYING = {"Routes", "Defaults", "RouteDeclaration", "RoutePolicies", "RoutePlan", "Access", "Configuration"}
"""What takes policies from a place and hands them on."""


def taking(names: set[str]) -> Iterator[str]:
    """Yield the names of all classes and functions of the package that take a parameter of one of these names."""
    for module in pkgutil.walk_packages(django_bolt.__path__, "django_bolt."):
        if module.name.startswith(("django_bolt.management", "django_bolt._server")) or ".migrations" in module.name:
            continue
        for name, member in vars(importlib.import_module(module.name)).items():
            if getattr(member, "__module__", "") != module.name or name.startswith("_"):
                continue
            fields = set(getattr(member, "__annotations__", ())) if isinstance(member, type) else set()
            if names & (fields | (parameters(member) if callable(member) else set())):
                yield name
            elif isinstance(member, type):
                for inner, method in vars(member).items():
                    if inspect.isfunction(method) and not inner.startswith("_") and names & parameters(method):
                        yield f"{name}.{inner}"


def parameters(member: Any) -> set[str]:
    try:
        return set(inspect.signature(member).parameters)
    except (TypeError, ValueError):
        return set()


def test_no_place_is_forgotten():
    walked = {owner for _, owner in PLACES.values()}
    found = set(taking({"auth", "guards", "authentication", "permissions", "permission_classes", "dependencies"}))
    found = {name for name in found if name.partition(".")[0] not in CARRYING}
    assert found == walked, "a new place for policies: add it to PLACES, so that it is walked"


def test_every_method_is_walked():
    assert METHODS == ["delete", "get", "head", "options", "patch", "post", "put"]


# The walk --------------------------------------------------------------------------------------


def requests(prefix: str) -> Iterator[tuple[str, str, Handler]]:
    for method in METHODS:
        for name, handler in HANDLERS.items():
            if not (handler.body and method in ("get", "head", "options")):
                yield method.upper(), f"{prefix}/{method}/{name}", handler
                if method == "get":
                    # Nobody declared it: the handler of GET answers.
                    yield "HEAD", f"{prefix}/{method}/{name}", handler


def bodies(handler: Handler) -> list[dict[str, Any]]:
    """Return what is sent to be refused: the second cannot be read."""
    if not handler.body:
        return [{}]
    return [{"json": {"name": "x"}}, {"content": b"{", "headers": {"content-type": "application/json"}}, {"json": {}}]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("place", PLACES)
def test_whoever_may_not_pass_is_refused_everywhere(place, policy):
    api, prefix = PLACES[place][0](POLICIES[policy])
    with TestClient(api) as client:
        for method, path, handler in requests(prefix):
            for query in {handler.good, handler.bad}:
                for body in bodies(handler):
                    reached.clear()
                    refused = client.request(method, path + query, **body)
                    assert (refused.status_code, reached) == (401, []), (method, path + query, body)
                    assert refused.headers["www-authenticate"], (method, path)
            if policy not in NEVER_PASSES:
                sent = {"json": {"name": "x"}} if handler.body else {}
                passed = client.request(method, path + handler.good, headers=PASS, **sent)
                assert (passed.status_code, len(reached)) == (200, 1), (method, path)


@pytest.mark.parametrize("policy", ["guard in Rust", "guard in Python", "backend and guard"])
@pytest.mark.parametrize("place", PLACES)
def test_whoever_asks_first_is_refused_as_well(place, policy):
    api, prefix = PLACES[place][0](POLICIES[policy])
    with TestClient(api) as client:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            reached.clear()
            stream = client._stage.connect()
            path = f"{prefix}/{method.lower()}/body"
            head = f"{method} {path} HTTP/1.1\r\nhost: testserver\r\nexpect: 100-continue\r\ncontent-length: 2\r\n"
            stream.write(f"{head}content-type: application/json\r\nconnection: close\r\n\r\n".encode())
            answer = stream.read(65536)
            if answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\n"):
                # Python has to tell, and is asked with the whole request.
                assert policy != "guard in Rust"
                stream.write(b"{}")
                answer = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n") or stream.read(65536)
            assert (answer[:12], reached) == (b"HTTP/1.1 401", []), path
            stream.close()


# Dependencies: they can be put on handlers and on dependencies ------------------------------------


def guarded_by(dependency: Any, kind: str) -> Callable[..., Any]:
    marked = Annotated[None, Depends(dependency)]

    async def plain(guarded: marked) -> None:
        reached.append("plain")

    async def coroutine(number: int, guarded: marked) -> None:
        await asyncio.sleep(0)
        reached.append("coroutine")

    def function(guarded: marked) -> None:
        reached.append("def")

    async def default(guarded=Depends(dependency)) -> None:
        reached.append("default")

    found = locals()[kind]
    # Names of this function cannot be seen from outside.
    found.__annotations__ = {
        name: marked if name == "guarded" and kind != "default" else int
        for name in inspect.signature(found).parameters
        if not (name == "guarded" and kind == "default")
    }
    return found


@pytest.mark.parametrize("dependency", [guarding, nested])
@pytest.mark.parametrize("kind", ["plain", "coroutine", "function", "default"])
@pytest.mark.parametrize("method", METHODS)
def test_a_dependency_that_refuses_is_asked_everywhere(method, kind, dependency):
    router, other, api = Router("/r"), BoltAPI("/other"), BoltAPI("/api")
    for routes in (router, other, api):
        getattr(routes, method)("/x")(guarded_by(dependency, kind))
    other.include_router(router)
    api.mount("/m", other)
    with TestClient(api) as client:
        for path in ("/api/x", "/api/m/other/x", "/api/m/other/r/x"):
            reached.clear()
            assert client.request(method.upper(), f"{path}?number=1").status_code == 401
            assert client.request(method.upper(), f"{path}?number=x").status_code in (401, 422)
            assert reached == []
            client.request(method.upper(), f"{path}?number=1", headers=PASS)
            assert len(reached) == 1


# What opens a route again is what stands there ------------------------------------------------------


def test_only_a_declaration_further_in_opens_what_is_guarded():
    api = BoltAPI(guards=[Guard])
    api.get("/guarded")(plain)
    api.get("/none", guards=None)(plain)
    api.get("/open", guards=[])(plain)
    api.get("/anybody", guards=[AllowAny])(plain)
    with TestClient(api) as client:
        statuses = [client.get(f"/{name}").status_code for name in ("guarded", "none", "open", "anybody")]
    assert statuses == [401, 401, 200, 200]


def test_what_the_server_answers_by_itself_is_open():
    api = BoltAPI("/api", guards=[IsAuthenticated])
    api.get("/x")(plain)
    with TestClient(api) as client:
        assert client.options("/api/x").status_code == 204
        assert client.post("/api/x").status_code == 405
        assert client.get("/api/y").status_code == 404
