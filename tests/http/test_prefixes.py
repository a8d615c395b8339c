"""Prefixes: of an application, of routers, of what is mounted."""

from __future__ import annotations

import pytest

from django_bolt import BoltAPI, Router
from django_bolt._plan.errors import PlanError
from django_bolt.testing import TestClient


def echo(text: str):
    async def handler() -> str:
        return text

    return handler


def test_the_prefix_of_an_application() -> None:
    api = BoltAPI(prefix="/api")
    api.get("/x")(echo("x"))
    api.get("")(echo("root"))
    with TestClient(api) as client:
        assert client.get("/api/x").text == "x"
        assert client.get("/api").text == "root"
        assert client.get("/x").status_code == 404


def test_a_mounted_application_answers_below_the_path() -> None:
    api, other = BoltAPI(), BoltAPI()
    api.get("/x")(echo("outer"))
    other.get("/x")(echo("inner"))
    api.mount("/v1", other)
    with TestClient(api) as client:
        assert client.get("/x").text == "outer"
        assert client.get("/v1/x").text == "inner"


def test_mounts_and_prefixes_add_up_and_routes_may_come_later() -> None:
    api, other, third = BoltAPI(prefix="/api"), BoltAPI(prefix="/inner"), BoltAPI()
    api.mount("/v1", other)
    other.mount("/third", third)
    other.get("/x")(echo("x"))
    third.get("/y")(echo("y"))
    with TestClient(api) as client:
        assert client.get("/api/v1/inner/x").text == "x"
        assert client.get("/api/v1/inner/third/y").text == "y"


def test_one_application_may_be_mounted_twice() -> None:
    api, other = BoltAPI(), BoltAPI()
    other.get("/x")(echo("x"))
    api.mount("/v1", other)
    api.mount("/v2", other)
    with TestClient(api) as client:
        assert (client.get("/v1/x").text, client.get("/v2/x").text) == ("x", "x")


def test_a_mounted_application_keeps_its_error_handlers() -> None:
    async def fail() -> None:
        raise LookupError("x")

    def outer(exc: BaseException, request: object) -> tuple[str, int]:
        return "outer", 418

    def inner(exc: BaseException, request: object) -> tuple[str, int]:
        return "inner", 419

    api, other = BoltAPI(exception_handler=outer), BoltAPI(exception_handler=inner)
    api.get("/x")(fail)
    other.get("/x")(fail)
    api.mount("/v1", other)
    with TestClient(api) as client:
        assert client.get("/x").status_code == 418
        assert client.get("/v1/x").status_code == 419


def test_an_unknown_path_below_a_mount_is_json() -> None:
    api, other = BoltAPI(), BoltAPI()
    other.get("/x")(echo("x"))
    api.mount("/v1", other)
    with TestClient(api) as client:
        assert client.get("/v1/y", headers={"accept": "text/html"}).json() == {"detail": "Not Found"}


def test_a_router_with_prefix_and_tags() -> None:
    api = BoltAPI(prefix="/api")
    router = Router(prefix="/users", tags=["users"])
    api.include_router(router)

    @router.get("/{name}", tags=["one"])
    async def user(name: str) -> str:
        return name

    with TestClient(api) as client:
        assert client.get("/api/users/a").text == "a"
        operation = client.get("/openapi.json").json()["paths"]["/api/users/{name}"]["get"]
    assert operation["tags"] == ["users", "one"]


def test_routers_nest_and_a_prefix_may_hold_a_parameter() -> None:
    api = BoltAPI()
    outer, inner = Router(prefix="/users/{user_id}"), Router(prefix="/posts")

    @inner.get("/{post_id}")
    async def post(user_id: int, post_id: int) -> list[int]:
        return [user_id, post_id]

    outer.include_router(inner)
    api.include_router(outer, prefix="/v1")
    with TestClient(api) as client:
        assert client.get("/v1/users/1/posts/2").json() == [1, 2]
        assert client.get("/v1/users/x/posts/2").json()["detail"][0]["loc"] == ["path", "user_id"]


def test_what_cannot_be_mounted_or_included_is_refused() -> None:
    api, router = BoltAPI(), Router()
    with pytest.raises(PlanError, match="Router"):
        api.mount("/x", router)
    with pytest.raises(PlanError, match="BoltAPI"):
        api.include_router(api)
    with pytest.raises(PlanError, match="itself"):
        api.mount("/x", api)
    with pytest.raises(PlanError, match="slash"):
        BoltAPI(prefix="api")
