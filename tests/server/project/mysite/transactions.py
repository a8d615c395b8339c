"""Handlers that use transactions and iterations in every way; the tests' own process serves them as well."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection, models, transaction
from django.db.models.signals import post_save

from django_bolt import Depends, Router

SCENARIOS: list[Callable[[Any], Awaitable[Any]]] = []


def scenario(function: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
    """Note a handler that gets the rows of whichever model there is."""
    SCENARIOS.append(function)
    return function


def make_router(model: type[models.Model]) -> Router:
    """Return the routes below `/transactions`, for a model with a `name`."""
    router = Router(prefix="/transactions")
    rows: Any = model._default_manager.order_by("pk")

    @router.get("")
    async def listed() -> list[str]:
        """Tell what is committed."""
        return [row.name async for row in rows.all()]

    @router.delete("")
    async def delete() -> None:
        """Delete every row."""
        await model._default_manager.all().adelete()

    def bind(function: Callable[[Any], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
        async def handler() -> Any:
            return await function(rows.all())

        return handler

    for function in SCENARIOS:
        router.post("/" + function.__name__.replace("_", "-"))(bind(function))

    @router.post("/dependency")
    async def dependency(within: Any = Depends(inside)) -> list[bool]:
        await rows.acreate(name="a")
        return [within, connection.in_atomic_block]

    @router.post("/failing-dependency")
    async def failing_dependency(within: Any = Depends(inside)) -> None:
        await rows.acreate(name="lost")
        raise LookupError("rolled back")

    @router.post("/def")
    def plain_def() -> bool:
        with transaction.atomic():
            rows.create(name="a")
            return connection.in_atomic_block

    return router


async def inside() -> AsyncIterator[bool]:
    """A dependency that is a transaction."""
    async with transaction.atomic():
        yield connection.in_atomic_block


# Blocks in one task.


@scenario
async def nested(rows: Any) -> None:
    async with transaction.atomic():
        await rows.acreate(name="a")
        with contextlib.suppress(LookupError):
            async with transaction.atomic():
                await rows.acreate(name="lost")
                raise LookupError
        async with transaction.atomic():
            await rows.acreate(name="b")


@scenario
async def rollback(rows: Any) -> None:
    async with transaction.atomic():
        await rows.acreate(name="lost")
        raise LookupError("rolled back")


@scenario
async def committed(rows: Any) -> list[str]:
    seen: list[str] = []
    async with transaction.atomic():
        transaction.on_commit(lambda: seen.append("outer"))
        async with transaction.atomic():
            await rows.acreate(name="a")
            transaction.on_commit(lambda: seen.append("inner"))
        with contextlib.suppress(LookupError):
            async with transaction.atomic():
                transaction.on_commit(lambda: seen.append("never"))
                raise LookupError
        seen.append("end of block")
    return seen


@scenario
async def not_committed(rows: Any) -> list[str]:
    seen: list[str] = []
    with contextlib.suppress(LookupError):
        async with transaction.atomic():
            await rows.acreate(name="lost")
            transaction.on_commit(lambda: seen.append("never"))
            raise LookupError
    return seen


@scenario
async def durable(rows: Any) -> list[str]:
    async with transaction.atomic(durable=True):
        await rows.acreate(name="a")
        try:
            async with transaction.atomic(durable=True):
                return ["entered"]
        except RuntimeError as error:
            return [str(error)]


@scenario
async def set_rollback(rows: Any) -> None:
    async with transaction.atomic():
        await rows.acreate(name="lost")
        transaction.set_rollback(True)


@scenario
async def in_atomic_block(rows: Any) -> list[bool]:
    seen = [connection.in_atomic_block]
    async with transaction.atomic():
        seen.append(connection.in_atomic_block)
    return [*seen, connection.in_atomic_block]


@transaction.atomic
async def decorated(rows: Any, name: str) -> None:
    await rows.acreate(name=name)
    if name == "lost":
        raise LookupError


@scenario
async def decorator(rows: Any) -> None:
    await decorated(rows, "a")
    with contextlib.suppress(LookupError):
        await decorated(rows, "lost")


@scenario
async def timeout(rows: Any) -> list[str]:
    try:
        async with asyncio.timeout(0.05), transaction.atomic():
            await rows.acreate(name="lost")
            await asyncio.sleep(60)
    except TimeoutError:
        return ["timed out"]
    return ["finished"]


# Tasks inside blocks.


@scenario
async def gather_inside(rows: Any) -> int:
    async with transaction.atomic():
        await asyncio.gather(*(rows.acreate(name="a") for _ in range(5)))
        return await rows.acount()


@scenario
async def gather_blocks(rows: Any) -> list[str]:
    async def one(name: str) -> str:
        async with transaction.atomic():
            await rows.acreate(name=name)
            await asyncio.sleep(0.01)
            if name == "lost":
                raise LookupError
            await rows.acreate(name=name)
            return name

    async with transaction.atomic():
        found = await asyncio.gather(one("a"), one("lost"), one("b"), return_exceptions=True)
    return [one if isinstance(one, str) else type(one).__name__ for one in found]


@scenario
async def outliving(rows: Any) -> bool:
    closed = asyncio.Event()

    async def later() -> bool:
        await closed.wait()
        await rows.acreate(name="later")
        return connection.in_atomic_block

    with contextlib.suppress(LookupError):
        async with transaction.atomic():
            task = asyncio.create_task(later())
            await rows.acreate(name="lost")
            raise LookupError
    closed.set()
    return await task


# Blocking code in coroutines.


def look(rows: Any) -> list[Any]:
    return [connection.in_atomic_block, list(rows.values_list("name", flat=True))]


@scenario
async def sync_to_async_inside(rows: Any) -> list[Any]:
    async with transaction.atomic():
        await rows.acreate(name="a")
        seen = await sync_to_async(look)(rows)
        await sync_to_async(rows.create)(name="lost")
        transaction.set_rollback(True)
    return [seen, await sync_to_async(look)(rows)]


@scenario
async def sync_to_async_outside(rows: Any) -> list[Any]:
    threads = [await sync_to_async(threading.get_ident)() for _ in range(3)]
    await sync_to_async(rows.create)(name="a")
    return [len(set(threads)), await sync_to_async(look)(rows)]


@scenario
async def sync_atomic(rows: Any) -> list[Any]:
    def work() -> Any:
        with transaction.atomic():
            rows.create(name="a")
            with contextlib.suppress(LookupError), transaction.atomic():
                rows.create(name="lost")
                raise LookupError
            return look(rows)

    return await sync_to_async(work)()


@scenario
async def there_and_back(rows: Any) -> list[Any]:
    def work() -> Any:
        return [async_to_sync(rows.acount)(), rows.count()]

    async with transaction.atomic():
        await rows.acreate(name="a")
        return await sync_to_async(work)()


@contextlib.contextmanager
def receiving(rows: Any, receiver: Any) -> Iterator[None]:
    post_save.connect(receiver, sender=rows.model)
    try:
        yield
    finally:
        post_save.disconnect(receiver, sender=rows.model)


@scenario
async def receiver(rows: Any) -> list[Any]:
    seen: list[Any] = []

    async def count() -> list[Any]:
        await asyncio.sleep(0)
        return [await rows.acount(), await sync_to_async(lambda: connection.in_atomic_block)()]

    def receive(**_: Any) -> None:
        seen.append(async_to_sync(count)())

    with receiving(rows, receive):
        await rows.acreate(name="a")
        await rows.model(name="b").asave()
        async with transaction.atomic():
            await rows.acreate(name="c")
    return seen


# Iterations, of several chunks each.


async def fill(rows: Any) -> None:
    await rows.abulk_create([rows.model(name=str(number)) for number in range(12)])


@scenario
async def iteration(rows: Any) -> list[int]:
    await fill(rows)
    return [await rows.acount() async for _ in rows.aiterator(chunk_size=5)]


@scenario
async def left(rows: Any) -> int:
    await fill(rows)
    async for _ in rows.aiterator(chunk_size=5):
        break
    await rows.acreate(name="after")
    return await rows.acount()


@scenario
async def interleaved(rows: Any) -> list[bool]:
    await fill(rows)
    other = rows.aiterator(chunk_size=3)
    return [row.name == (await anext(other)).name async for row in rows.aiterator(chunk_size=5)]


@scenario
async def atomic_in_body(rows: Any) -> None:
    await fill(rows)
    async for row in rows.aiterator(chunk_size=5):
        with contextlib.suppress(LookupError):
            async with transaction.atomic():
                row.name += "!"
                await row.asave()
                if row.name != "3!":
                    raise LookupError


@scenario
async def left_open(rows: Any) -> list[str]:
    await fill(rows)
    async with transaction.atomic():
        rest = rows.aiterator(chunk_size=5)
        await anext(rest)
    try:
        return [str(len([row async for row in rest]))]
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


@scenario
async def slow(rows: Any) -> None:
    """Keep the transaction over a wait that a client does not live to see the end of."""
    async with transaction.atomic():
        await rows.acreate(name="lost")
        await asyncio.sleep(30)
