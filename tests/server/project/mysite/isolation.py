"""Handlers that tell what they see of their own request and of others."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextvars import ContextVar
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection, transaction
from django.utils import translation

from django_bolt import Router

router = Router(prefix="/isolation")
TAG: ContextVar[str | None] = ContextVar("TAG", default=None)

# Database connections that synchronous code is using at this moment, and for which request.
IN_USE: dict[int, str] = {}
LOCK = threading.Lock()


def enter(tag: str, language: str) -> list[str | None]:
    """Return what is left of an earlier request, then leave marks of this one."""
    before = [TAG.get(), translation.get_language()]
    TAG.set(tag)
    translation.activate(language)
    return before


def leave(tag: str, before: list[str | None]) -> dict[str, Any]:
    """Return what this request sees at its end."""
    return {"tag": tag, "before": before, "after": [TAG.get(), translation.get_language()]}


@router.get("/plain/{tag}")
async def plain(tag: str, language: str) -> dict[str, Any]:
    """A coroutine that never waits."""
    return leave(tag, enter(tag, language))


@router.get("/coroutine/{tag}")
async def coroutine(tag: str, language: str, wait: float) -> dict[str, Any]:
    """A coroutine that waits between its marks and its end."""
    before = enter(tag, language)
    await asyncio.sleep(wait)
    await asyncio.sleep(0)
    return leave(tag, before)


@router.get("/def/{tag}")
def plain_def(tag: str, language: str, wait: float) -> dict[str, Any]:
    """A plain function on a thread."""
    before = enter(tag, language)
    time.sleep(wait)
    return leave(tag, before)


@router.get("/inline/{tag}", inline=True)
def inline(tag: str, language: str) -> dict[str, Any]:
    """A plain function on the worker's thread."""
    return leave(tag, enter(tag, language))


def use_connection(tag: str, wait: float) -> dict[str, Any]:
    """Use the connection for a while and tell whether anybody else did, or left something on it."""
    connection.ensure_connection()
    key = id(connection.connection)
    with LOCK:
        other = IN_USE.setdefault(key, tag)
    state = {"in_atomic": connection.in_atomic_block, "autocommit": connection.get_autocommit()}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s", [tag])
            (answer,) = cursor.fetchone()
        time.sleep(wait)
    finally:
        with LOCK:
            if other == tag:
                IN_USE.pop(key, None)
    return {"user": other, "answer": answer, "thread": threading.get_ident(), **state}


@router.get("/database/{tag}")
async def database(tag: str, wait: float) -> list[dict[str, Any]]:
    """Use the database twice by `sync_to_async`, the second time inside a transaction."""

    def in_transaction() -> dict[str, Any]:
        with transaction.atomic():
            seen = use_connection(tag, wait)
        return {**seen, "autocommit": connection.get_autocommit()}

    first = await sync_to_async(use_connection)(tag, wait)
    await asyncio.sleep(wait)
    second = await sync_to_async(in_transaction)()
    return [first, second]


@router.get("/database-def/{tag}")
def database_def(tag: str, wait: float) -> list[dict[str, Any]]:
    """Use the database on the thread of a plain function."""
    first = use_connection(tag, wait)
    with transaction.atomic():
        second = {**use_connection(tag, wait), "autocommit": True}
    return [first, second]


@router.get("/open-transaction/{tag}")
async def open_transaction(tag: str, wait: float) -> list[dict[str, Any]]:
    """Hold a transaction over an await."""
    block = transaction.atomic()
    await sync_to_async(block.__enter__)()
    try:
        first = await sync_to_async(use_connection)(tag, 0.0)
        await asyncio.sleep(wait)
        second = await sync_to_async(use_connection)(tag, 0.0)
    finally:
        await sync_to_async(block.__exit__)(None, None, None)
    return [first, second]


@router.get("/forgotten/autocommit")
async def forgotten_autocommit() -> None:
    """Leave autocommit off."""
    await sync_to_async(connection.set_autocommit)(False)


@router.get("/forgotten/autocommit-def")
def forgotten_autocommit_def() -> None:
    """Leave autocommit off on a thread of `def` handlers."""
    connection.set_autocommit(False)


@router.get("/forgotten/transaction")
async def forgotten_transaction() -> None:
    """Leave a transaction open."""
    await sync_to_async(transaction.atomic().__enter__)()


@router.get("/forgotten/transaction-def")
def forgotten_transaction_def() -> None:
    """Leave a transaction open on a thread of `def` handlers."""
    transaction.atomic().__enter__()


@router.get("/connections")
async def connections() -> int:
    """Count the open descriptors of the database file."""
    name = str(connection.settings_dict["NAME"])
    links = (os.path.join("/proc/self/fd", number) for number in os.listdir("/proc/self/fd"))
    return sum(os.path.exists(link) and os.readlink(link) == name for link in links)
