"""`$ROUTES` routes of the same shape; ten of them, spread evenly over all, are the ones that are asked for."""

# ruff: noqa: ANN201, ANN202
from __future__ import annotations

import os

from django_bolt import BoltAPI

SHARED = 10

api = BoltAPI()


def add_route(prefix: str) -> None:
    """Register one route with a handler of its own."""

    async def read_item(item_id: int):
        return {"item_id": item_id}

    read_item.__name__ = read_item.__qualname__ = f"read_item_of_{prefix.replace('-', '_')}"
    api.get(f"/{prefix}/items/{{item_id}}")(read_item)


def add_routes(count: int) -> None:
    """Register `count` routes: after each shared one, its part of the others."""
    every = count // SHARED
    for position in range(count):
        shared = position % every == 0
        add_route(f"shared-{position // every}" if shared else f"resource-{position}")


add_routes(int(os.environ["ROUTES"]))
