"""One application whose handlers use the database in every way a handler can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.db import transaction

from django_bolt import BoltAPI, Depends
from tests.testapp.models import Item

api = BoltAPI()


def plain_names() -> list[str]:
    return list(Item.objects.order_by("name").values_list("name", flat=True))


async def names() -> list[str]:
    return [item.name async for item in Item.objects.order_by("name")]


async def names_later() -> list[str]:
    await asyncio.sleep(0)
    return await sync_to_async(plain_names)()


def yielding() -> Iterator[list[str]]:
    yield plain_names()


async def yielding_async() -> AsyncIterator[list[str]]:
    yield await names()


@api.get("/read/async-for")
async def read_async_for() -> list[str]:
    return await names()


@api.get("/read/aget")
async def read_aget() -> list[str]:
    return [(await Item.objects.aget(name=name)).name for name in await names_later()]


@api.get("/read/gather")
async def read_gather() -> list[str]:
    found = await asyncio.gather(*(Item.objects.aget(name=name) for name in await names()))
    return [item.name for item in found]


@api.get("/read/task")
async def read_task() -> list[str]:
    return await asyncio.create_task(names())


@api.get("/read/sync-to-async")
async def read_sync_to_async() -> list[str]:
    return await sync_to_async(plain_names)()


@api.get("/read/to-thread-sensitive-after-await")
async def read_after_await() -> list[str]:
    return await names_later()


@api.get("/read/def")
def read_def() -> list[str]:
    return plain_names()


@api.get("/read/inline", inline=True)
def read_inline() -> list[str]:
    return plain_names()


@api.get("/read/async-to-sync")
def read_async_to_sync() -> list[str]:
    return async_to_sync(names)()


@api.get("/read/nested")
def read_nested() -> list[str]:
    def innermost() -> list[str]:
        return async_to_sync(names)()

    async def inner() -> list[str]:
        await asyncio.sleep(0)
        return await sync_to_async(innermost)()

    return async_to_sync(inner)()


@api.get("/read/nested-in-async")
async def read_nested_in_async() -> list[str]:
    return await sync_to_async(lambda: async_to_sync(names_later)())()


@api.get("/read/dependency")
async def read_dependency(found: Any = Depends(plain_names)) -> list[str]:
    return found


@api.get("/read/async-dependency")
async def read_async_dependency(found: Any = Depends(names_later)) -> list[str]:
    return found


@api.get("/read/generator")
async def read_generator(found: Any = Depends(yielding)) -> list[str]:
    return found


@api.get("/read/async-generator")
async def read_async_generator(found: Any = Depends(yielding_async)) -> list[str]:
    return found


@api.get("/read/def-dependency")
def read_def_dependency(found: Any = Depends(plain_names)) -> list[str]:
    return found


@api.get("/read/def-async-dependency")
def read_def_async_dependency(found: Any = Depends(names)) -> list[str]:
    return found


@api.post("/write/acreate")
async def write_acreate(name: str) -> int:
    return (await Item.objects.acreate(name=name)).pk


@api.post("/write/asave")
async def write_asave(name: str) -> int:
    item = Item(name=name)
    await item.asave()
    return item.pk


@api.post("/write/abulk-create")
async def write_abulk_create(name: str) -> int:
    return (await Item.objects.abulk_create([Item(name=name)]))[0].pk


@api.post("/write/aget-or-create")
async def write_aget_or_create(name: str) -> int:
    return (await Item.objects.aget_or_create(name=name))[0].pk


@api.post("/write/def")
def write_def(name: str) -> int:
    return Item.objects.create(name=name).pk


@api.post("/write/inline", inline=True)
def write_inline(name: str) -> int:
    return Item.objects.create(name=name).pk


@api.post("/write/atomic")
async def write_atomic(name: str) -> int:
    @sync_to_async
    def transfer() -> int:
        with transaction.atomic():
            item = Item.objects.create(name="unnamed")
            locked = Item.objects.select_for_update().get(pk=item.pk)
            locked.name = name
            locked.save()
            return locked.pk

    return await transfer()


@api.post("/write/def-atomic")
def write_def_atomic(name: str) -> int:
    with transaction.atomic():
        return Item.objects.create(name=name).pk


def creating(name: str) -> int:
    return Item.objects.create(name=name).pk


@api.post("/write/dependency")
async def write_dependency(pk: int = Depends(creating)) -> int:
    return pk


@api.post("/fail/atomic")
async def fail_atomic(name: str) -> int:
    @sync_to_async
    def broken() -> int:
        with transaction.atomic():
            Item.objects.create(name=name)
            raise LookupError("rolled back")

    return await broken()


@api.post("/fail/def-atomic")
def fail_def_atomic(name: str) -> int:
    with transaction.atomic():
        Item.objects.create(name=name)
        raise LookupError("rolled back")


committed: list[str] = []


@api.post("/on-commit")
async def on_commit(name: str) -> None:
    await sync_to_async(transaction.on_commit)(lambda: committed.append(name))


def paths(start: str) -> list[str]:
    """Return the paths of the routes that start so."""
    found = [route.path for _, route in api.compile() if route.path.startswith(start)]
    assert found
    return found


READS = paths("/read/")
WRITES = paths("/write/")
FAILURES = paths("/fail/")
