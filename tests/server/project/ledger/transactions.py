"""What transactions promise, each handler a question whose answer does not depend on how queries run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection, transaction

from django_bolt import Router
from django_bolt.exceptions import HTTPException
from ledger.models import Account, Marker, run
from ledger.sight import pid, rows

router = Router(prefix="/transactions")
QUESTIONS: dict[str, Callable[[], Awaitable[Any]]] = {}


def question(function: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    """Add one to `/ask/{name}`."""
    QUESTIONS[function.__name__] = function
    return function


async def tags() -> list[str]:
    """Return all marks."""
    return [marker.tag async for marker in Marker.objects.order_by("tag")]


@router.get("/ask/{name}")
async def ask(name: str) -> dict[str, Any]:
    """Answer a question."""
    try:
        return {"answer": await QUESTIONS[name]()}
    finally:
        await Marker.objects.all().adelete()


@question
async def on_commit() -> Any:
    """When what waits for a commit is called."""
    events: list[str] = []
    async with transaction.atomic():
        transaction.on_commit(lambda: events.append("outer"))
        async with transaction.atomic():
            transaction.on_commit(lambda: events.append("inner"))
        try:
            async with transaction.atomic():
                transaction.on_commit(lambda: events.append("never"))
                raise ValueError
        except ValueError:
            pass
        events.append("end of the block")
    try:
        async with transaction.atomic():
            transaction.on_commit(lambda: events.append("never"))
            raise ValueError
    except ValueError:
        pass
    transaction_left = connection.in_atomic_block
    return [*events, transaction_left]


@question
async def on_commit_robust() -> Any:
    """What a function that fails after the commit does to the others and to the row."""
    events: list[str] = []

    def fail() -> None:
        raise ValueError("the secret reason")

    async with transaction.atomic():
        await Marker.objects.acreate(tag="kept")
        transaction.on_commit(fail, robust=True)
        transaction.on_commit(lambda: events.append("called"))
    return events, await tags()


@question
async def durable() -> Any:
    """What a durable block inside another one is."""
    answers = []
    async with transaction.atomic(durable=True):
        answers.append("outermost")
        try:
            async with transaction.atomic(durable=True):
                answers.append("never")
        except RuntimeError as error:
            answers.append(str(error))
        await Marker.objects.acreate(tag="kept")
    return answers, await tags()


@question
async def savepoints() -> Any:
    """What is left of nested blocks, some of which fail."""
    async with transaction.atomic():
        await Marker.objects.acreate(tag="a")
        try:
            async with transaction.atomic():
                await Marker.objects.acreate(tag="b")
                async with transaction.atomic():
                    await Marker.objects.acreate(tag="c")
                raise ValueError
        except ValueError:
            pass
        async with transaction.atomic(savepoint=False):
            await Marker.objects.acreate(tag="d")
    return await tags()


@question
async def no_savepoint() -> Any:
    """What a block without a savepoint does to the one around it when it fails."""
    async with transaction.atomic():
        await Marker.objects.acreate(tag="a")
        try:
            async with transaction.atomic(savepoint=False):
                raise ValueError
        except ValueError:
            pass
        doomed = await run(transaction.get_rollback)
    return doomed, await tags()


@question
async def gathered_blocks() -> Any:
    """What is left of eight blocks at a time inside another one, half of which fail behind their second row."""

    async def write(number: int) -> None:
        async with transaction.atomic():
            await Marker.objects.acreate(tag=f"{number} first")
            await asyncio.sleep(0.002 * (8 - number))
            await Marker.objects.acreate(tag=f"{number} second")
            if number % 2:
                raise ValueError

    async with transaction.atomic():
        done = await asyncio.gather(*(write(number) for number in range(8)), return_exceptions=True)
    return [type(result).__name__ for result in done], await tags()


@question
async def thread_in_block() -> Any:
    """What blocking code on a thread sees of the block, and the block of it."""

    def write() -> tuple[int, int, bool]:
        Marker.objects.create(tag="by the thread")
        with transaction.atomic():
            Marker.objects.create(tag="by the thread, in a savepoint")
        return pid(), Marker.objects.count(), connection.in_atomic_block

    async with transaction.atomic():
        own = await run(pid)
        await Marker.objects.acreate(tag="by the coroutine")
        seen, count, inside = await sync_to_async(write)()
        before = await tags()
        transaction.set_rollback(True)
    return own == seen, count, inside, before, await tags()


@question
async def task_that_outlives_the_block() -> Any:
    """What becomes of a task that was started in a block and writes behind it."""

    async def later() -> bool:
        await asyncio.sleep(0.02)
        await Marker.objects.acreate(tag="later")
        return connection.in_atomic_block

    try:
        async with transaction.atomic():
            task = asyncio.create_task(later())
            await Marker.objects.acreate(tag="rolled back")
            raise ValueError
    except ValueError:
        pass
    return await task, await tags()


@question
async def task_beside_the_block() -> Any:
    """What a task that is no part of a block sees of it, from the loop and from its request's thread."""
    await sync_to_async(pid)()
    written = asyncio.Event()

    async def look_on() -> tuple[int, int, bool]:
        await written.wait()
        seen = await sync_to_async(Marker.objects.count)()
        return seen, await Marker.objects.acount(), connection.in_atomic_block

    task = asyncio.create_task(look_on())
    async with transaction.atomic():
        await Marker.objects.acreate(tag="rolled back")
        written.set()
        seen = await task
        transaction.set_rollback(True)
    return seen


@question
async def times() -> Any:
    """How long two waits of 0.3 s take at a time: outside a block, and inside one."""

    async def both() -> float:
        started = time.monotonic()
        await asyncio.gather(run(rows, "SELECT pg_sleep(0.3)"), run(rows, "SELECT pg_sleep(0.3)"))
        return time.monotonic() - started

    await asyncio.gather(run(pid), run(pid))
    outside = await both()
    async with transaction.atomic():
        inside = await both()
    return outside, inside


@router.get("/thread-then-pool")
async def thread_then_pool() -> bool:
    """Hold a thread, then want a connection."""
    await sync_to_async(pid)()
    await asyncio.sleep(0.1)
    return await run(pid) > 0


@router.get("/pool-then-thread")
async def pool_then_thread() -> bool:
    """Hold a connection, then want a thread."""
    async with transaction.atomic():
        await run(pid)
        await asyncio.sleep(0.1)
        return await sync_to_async(pid)() > 0


@router.get("/thread-waits-for-turn")
async def thread_waits_for_turn(seconds: float) -> None:
    """Have a thread wait for the connection of a transaction."""
    async with transaction.atomic():
        await asyncio.gather(run(rows, "SELECT pg_sleep(%s)", seconds), sync_to_async(pid)())


@router.get("/locked", response_model=list[dict[str, int]])
async def locked() -> Any:
    """Lock a row, as only a transaction may, and return it."""
    found = await Account.objects.select_for_update().aget(id=1)
    return [{"id": found.id}]


@router.get("/under-atomic-requests/{tag}")
async def under_atomic_requests(tag: str, fail: bool = False) -> bool:
    """Write, then fail or not."""
    await Account.objects.select_for_update().aget(id=1)
    await Marker.objects.acreate(tag=tag)
    if fail:
        raise HTTPException(422, detail="after the write")
    return connection.in_atomic_block


@router.get("/under-atomic-requests-def/{tag}")
def under_atomic_requests_def(tag: str, fail: bool = False) -> bool:
    """The same on a thread."""
    Account.objects.select_for_update().get(id=1)
    Marker.objects.create(tag=tag)
    if fail:
        raise HTTPException(422, detail="after the write")
    return connection.in_atomic_block


@router.get("/spared")
@transaction.non_atomic_requests
async def spared() -> bool:
    """Be left out."""
    await run(pid)
    return connection.in_atomic_block
