"""Hosts, body sizes and timeouts through the test clients: what they allow, and what a test sees of a 504."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from django_bolt import BoltAPI, Request
from django_bolt.exceptions import HTTPException
from django_bolt.testing import AsyncTestClient, TestClient


def slow_api() -> BoltAPI:
    """Return an API whose only route takes too long."""
    api = BoltAPI()

    @api.get("/slow", timeout=0.05)
    async def slow() -> None:
        await asyncio.sleep(60)

    return api


def test_a_test_sees_the_exception_behind_a_504() -> None:
    with TestClient(slow_api()) as client, pytest.raises(HTTPException) as caught:
        client.get("/slow")
    assert (caught.value.status_code, caught.value.detail) == (504, "no answer within 0.05 s")


async def test_a_504_on_the_loop_of_an_async_test() -> None:
    async with AsyncTestClient(slow_api(), raise_server_exceptions=False) as client:
        assert (await client.get("/slow")).status_code == 504


def test_an_error_handler_may_answer_a_504() -> None:
    api = slow_api()

    @api.exception_handler(HTTPException)
    def shaped(exc: HTTPException, request: Request) -> Any:
        return {"error": exc.status_code, "path": request.path}, exc.status_code

    with TestClient(api, raise_server_exceptions=False) as client:
        response = client.get("/slow")
    assert (response.status_code, response.json()) == (504, {"error": 504, "path": "/slow"})


def test_a_test_client_is_answered_whatever_hosts_are_allowed(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["www.example.com"]
    api = BoltAPI()

    @api.get("/x")
    async def handler() -> int:
        return 1

    with TestClient(api) as client:
        assert client.get("/x").status_code == 200
        assert client.get("/x", headers={"host": "www.example.com"}).status_code == 200
        assert client.get("/x", headers={"host": "example.com"}).status_code == 400
    with TestClient(api, base_url="http://www.example.com") as client:
        assert client.get("/x").status_code == 200


@pytest.mark.parametrize(
    ("host", "status"), [("localhost", 200), ("api.localhost", 200), ("[::1]:80", 200), ("a.b", 400)]
)
def test_an_empty_list_means_localhost_where_debug_is_on(settings: Any, host: str, status: int) -> None:
    settings.ALLOWED_HOSTS, settings.DEBUG = [], True
    api = BoltAPI()

    @api.get("/x")
    async def handler() -> int:
        return 1

    with TestClient(api) as client:
        assert client.get("/x", headers={"host": host}).status_code == status
    settings.DEBUG = False
    with TestClient(api) as client:
        assert client.get("/x", headers={"host": host}).status_code == 400


def test_the_port_that_a_stranger_forwards_is_not_there(settings: Any) -> None:
    settings.USE_X_FORWARDED_PORT = True
    api = BoltAPI()

    @api.get("/x")
    async def handler(request: Request) -> str:
        return request.django_request.get_port()

    with TestClient(api) as client:
        stranger = client.get("/x", headers={"x-forwarded-port": "666"}).text
    settings.BOLT = {"TRUSTED_PROXIES": ["127.0.0.1"]}
    with TestClient(api) as client:
        assert client.get("/x", headers={"x-forwarded-port": "666"}).text == "666"
    assert stranger != "666"
