"""Handlers of every kind that write a log record, and checks for /ready."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

from asgiref.sync import sync_to_async

from django_bolt import Request, Router

logger = logging.getLogger("mysite")
router = Router(prefix="/logged")


@router.get("/plain")
async def plain(request: Request) -> str:
    """Log in a coroutine that does not wait."""
    logger.info("seen")
    return request.id


@router.get("/coroutine")
async def coroutine(request: Request) -> str:
    """Log in a coroutine that has waited."""
    await asyncio.sleep(0.01)
    logger.info("seen")
    return request.id


@router.get("/thread")
async def thread(request: Request) -> str:
    """Log in blocking code of a coroutine."""
    await sync_to_async(logger.info)("seen")
    return request.id


@router.get("/def")
def on_thread(request: Request) -> str:
    """Log in a plain function."""
    logger.info("seen")
    return request.id


@router.get("/def-alone")
def alone() -> str:
    """Log in a plain function that does not ask for the request."""
    logger.info("seen")
    return ""


@router.get("/inline", inline=True)
def inline(request: Request) -> str:
    """Log in a plain function on the worker's thread."""
    logger.info("seen")
    return request.id


def switched_on() -> bool:
    """Hold while the test's file is there."""
    return Path(os.environ["PROJECT_SWITCH"]).exists()


async def switched_on_async() -> None:
    """The same, said by an exception."""
    if not switched_on():
        raise RuntimeError("the secret reason")


async def hangs() -> None:
    """Never tell."""
    await asyncio.sleep(3600)
