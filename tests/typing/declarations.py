"""What type checkers must understand of the public names: read by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, assert_type

import httpx
import msgspec

from django_bolt import Body, BoltAPI, Cookie, Depends, Header, Path, Query, Request, Router
from django_bolt.exceptions import HTTPException, NotFound
from django_bolt.openapi import OpenAPIConfig, OpenAPIInfo
from django_bolt.responses import JSON, Redirect, Response
from django_bolt.testing import AsyncTestClient, TestClient


@asynccontextmanager
async def lifespan(api: BoltAPI) -> AsyncIterator[None]:
    yield


api = BoltAPI(info=OpenAPIInfo(title="Typed"), openapi_config=OpenAPIConfig(path="/help"), lifespan=lifespan)
router = Router(prefix="/items", tags=["items"])


class Item(msgspec.Struct):
    name: str


def session() -> Iterator[str]:
    yield "session"


# A marker may be the default of a parameter of any type.
@router.get("/{item_id}", status_code=200, summary="Read", tags=("a",), inline=False)
async def read(
    item_id: Annotated[int, Path(ge=1)],
    page: int = Query(1, ge=1),
    x_key: str = Header(...),
    theme: str | None = Cookie(None),
    opened: str = Depends(session),
) -> Item:
    raise NotFound("none")


# A decorator keeps the type of what it decorates.
async def call() -> None:
    assert_type(await read(1, 2, "k", None, "s"), Item)
    assert_type(add(Item(name="a")), dict[str, str])


@router.post("/")
def add(item: Annotated[Item, Body()]) -> dict[str, str]:
    return {"name": item.name}


@api.get("/raw")
async def raw(request: Request) -> Response:
    assert_type(request.method, str)
    assert_type(request.path, str)
    assert_type(request.body, bytes)
    assert_type(request.headers["accept"], str)
    assert_type(request.query.getlist("tag"), list[str])
    return Redirect("/items") if request.query else JSON({}, headers={"X-A": "b"})


@api.on_start
async def start() -> None: ...


@api.exception_handler(KeyError)
def missing(error: KeyError, request: Request) -> tuple[dict[str, str], int]:
    return {"detail": str(error)}, 404


assert_type(missing(KeyError(), Request.__new__(Request)), tuple[dict[str, str], int])
assert_type(HTTPException(404).status_code, int)
api.include_router(router, prefix="/v1")
api.mount("/other", BoltAPI())

with TestClient(api) as client:
    assert_type(client, TestClient)
    assert_type(client.get("/items/1"), httpx.Response)


async def ask() -> None:
    async with AsyncTestClient(api) as asynchronous:
        assert_type(asynchronous, AsyncTestClient)
        assert_type(await asynchronous.post("/items", json={}), httpx.Response)
