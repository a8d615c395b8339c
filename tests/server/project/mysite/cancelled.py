"""Handlers whose client leaves, and what became of them."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator

from django_bolt import Request, Router

router = Router(prefix="/cancelled")
EVENTS: defaultdict[str, list[str]] = defaultdict(list)


@router.get("/events/{tag}")
async def events(tag: str) -> list[str]:
    """Tell what happened to the handlers of this tag."""
    return EVENTS[tag]


@router.get("/coroutine/{tag}")
async def coroutine(tag: str) -> None:
    """Wait for longer than any client does."""
    EVENTS[tag].append("started")
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        EVENTS[tag].append("cancelled")
        raise
    finally:
        await asyncio.sleep(0)
        EVENTS[tag].append("finally")


async def ticks(tag: str) -> AsyncIterator[int]:
    """Count until closed."""
    try:
        for number in range(1000):
            yield number
            await asyncio.sleep(0.05)
    finally:
        EVENTS[tag].append("generator closed")


@router.get("/generator/{tag}")
async def generator(tag: str) -> None:
    """Read a generator that takes longer than any client waits."""
    EVENTS[tag].append("started")
    async for _ in ticks(tag):
        pass


@router.get("/shielded/{tag}", shield=True)
async def shielded(tag: str) -> None:
    """Go on without the client."""
    EVENTS[tag].append("started")
    await asyncio.sleep(0.4)
    EVENTS[tag].append("done")


@router.get("/def/{tag}")
def plain_def(tag: str) -> None:
    """Run on a thread, which nobody can cancel."""
    EVENTS[tag].append("started")
    time.sleep(0.4)
    EVENTS[tag].append("done")


@router.post("/echo/{tag}")
async def echo(tag: str, request: Request) -> None:
    """Be called only for a whole request."""
    EVENTS[tag].append("started")
