"""Transactions that leave a mark and never commit it, each ended in another way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from asgiref.sync import sync_to_async
from django.db import transaction

from django_bolt import Router
from ledger.models import Marker, run
from ledger.sight import look, mark, rows

router = Router(prefix="/markers")
MARKED: set[str] = set()
"""The tags of the requests that hold a mark, or did."""


class Intended(Exception):
    """Ends a transaction."""


async def _mark(tag: str) -> None:
    await run(mark, tag)
    MARKED.add(tag)


async def _hold(tag: str, seconds: float) -> None:
    async with transaction.atomic():
        await _mark(tag)
        await asyncio.sleep(seconds)
        await run(rows, f"SELECT pg_sleep(60) /* {tag} */")


async def rollback(tag: str) -> None:
    """Ask for it."""
    async with transaction.atomic():
        await _mark(tag)
        await asyncio.sleep(0.003)
        transaction.set_rollback(True)


async def error(tag: str) -> None:
    """Raise out of two blocks."""
    try:
        async with transaction.atomic(), transaction.atomic():
            await _mark(tag)
            await asyncio.sleep(0.003)
            raise Intended
    except Intended:
        pass


async def database_error(tag: str) -> None:
    """Have the server refuse a statement."""
    from django.db import DataError

    try:
        async with transaction.atomic():
            await _mark(tag)
            await run(rows, "SELECT 1 / 0")
    except DataError:
        pass


async def timeout(tag: str) -> None:
    """Run out of time in a query."""
    try:
        async with asyncio.timeout(0.01):
            await _hold(tag, 0.0)
    except TimeoutError:
        pass


async def timeout_inside(tag: str) -> None:
    """Run out of time inside the block, between two queries or in one, and write on."""
    try:
        async with transaction.atomic():
            await _mark(tag)
            try:
                async with asyncio.timeout(0.005):
                    await asyncio.sleep(60)
            except TimeoutError:
                await Marker.objects.acreate(tag=tag)
            raise Intended
    except Intended:
        pass


async def cancelled(tag: str) -> None:
    """Cancel a task that waits between two queries."""
    task = asyncio.create_task(_hold(tag, 60.0))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait({task})


async def cancelled_in_query(tag: str) -> None:
    """Cancel a task that waits for a query."""
    task = asyncio.create_task(_hold(tag, 0.0))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait({task})


async def group(tag: str) -> None:
    """Let one of three tasks in a block fail, which cancels the others."""

    async def write(seconds: float) -> None:
        async with transaction.atomic():
            await _mark(tag)
            await asyncio.sleep(seconds)
            raise Intended

    try:
        async with transaction.atomic(), asyncio.TaskGroup() as tasks:
            for number in range(3):
                tasks.create_task(write(0.002 * number))
    except* Intended:
        pass


def blocking(tag: str) -> None:
    """Raise out of a block of blocking code."""
    try:
        with transaction.atomic():
            mark(tag)
            raise Intended
    except Intended:
        pass


async def lent(tag: str) -> None:
    """Leave the mark from a thread."""
    try:
        async with transaction.atomic():
            await sync_to_async(mark)(tag)
            MARKED.add(tag)
            await asyncio.sleep(0.003)
            raise Intended
    except Intended:
        pass


async def on_thread(tag: str) -> None:
    """Do it all on a thread."""
    await sync_to_async(blocking)(tag)


ENDS: dict[str, Callable[[str], Coroutine[Any, Any, None]]] = {
    function.__name__: function
    for function in (
        rollback,
        error,
        database_error,
        timeout,
        timeout_inside,
        cancelled,
        cancelled_in_query,
        group,
        lent,
        on_thread,
    )
}


@router.get("/by-def/{tag}")
def by_def(tag: str) -> None:
    """Raise out of a block on a thread."""
    look()
    blocking(tag)


@router.get("/by-leaving/{tag}")
async def by_leaving(tag: str, seconds: float = 0.0) -> None:
    """Hold the mark until the client leaves: for `seconds` between two queries, then in one."""
    await run(look)
    await _hold(tag, seconds)


@router.get("/by/{end}/{tag}")
async def by(end: str, tag: str) -> int:
    """Leave a mark, look at another connection meanwhile, and take the mark back."""
    seen = await run(look)
    await ENDS[end](tag)
    await run(look)
    return seen


@router.get("/marked/{tag}")
async def marked(tag: str) -> bool:
    """Tell whether a request came as far as its mark."""
    return tag in MARKED
