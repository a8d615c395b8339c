"""Middleware and handlers that tests of middleware share."""

from __future__ import annotations

from typing import Any

import msgspec

from django_bolt import BoltAPI, Request
from django_bolt.testing import TestClient


class Item(msgspec.Struct):
    name: str


class Broken(msgspec.Struct):
    def __post_init__(self) -> None:
        raise RuntimeError("a bug of the project")


async def nothing() -> dict[str, Any]:
    return {}


class Named:
    """Notes that it was passed, on the way in and out."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def __call__(self, request: Any, call_next: Any) -> Any:
        request.state.setdefault("way", []).append(self.name)
        response = await call_next(request)
        response.headers.add("x-out", self.name)
        return response


class Counting:
    """Counts the answers by status."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    async def process_response(self, request: Any, response: Any) -> None:
        self.seen.append(response.status_code)


async def way(request: Request) -> Any:
    return request.state["way"]


def function_way(request: Request) -> Any:
    return request.state["way"]


def ask(api: BoltAPI, path: str = "/", method: str = "GET", **options: Any) -> Any:
    with TestClient(api, raise_server_exceptions=False) as client:
        return client.request(method, path, **options)
