"""Handlers of every kind that write and then fail or not, for `ATOMIC_REQUESTS`; none of them opens a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from django.db import connection, models, transaction

from django_bolt import Depends, Router
from django_bolt.exceptions import HTTPException

FAILURES: dict[str, BaseException] = {
    "exception": LookupError("x"),
    "http": HTTPException(409, "no"),
    "not-modified": HTTPException(304),
}


def end(how: str) -> bool:
    """Fail in one of the ways, or tell whether a transaction is open."""
    if how in FAILURES:
        raise FAILURES[how]
    return connection.in_atomic_block


def make_router(model: type[models.Model]) -> Router:
    """Return the routes below `/atomic-requests`, for a model with a `name`."""
    router = Router(prefix="/atomic-requests")
    rows: Any = model._default_manager

    @router.get("")
    @transaction.non_atomic_requests
    async def listed() -> list[str]:
        """Tell what is committed, and delete it."""
        names = [row.name async for row in rows.order_by("pk")]
        await rows.all().adelete()
        return names

    add_kinds(router, rows)
    add_dependencies(router, rows)
    add_spared(router, rows)
    return router


def add_kinds(router: Router, rows: Any) -> None:
    """Handlers of each kind."""

    @router.post("/async")
    async def asynchronous(how: str) -> bool:
        await rows.acreate(name="a")
        await asyncio.sleep(0)
        return end(how)

    @router.post("/unsuspended")
    async def unsuspended(how: str) -> bool:
        await rows.acreate(name="a")
        return end(how)

    @router.post("/def")
    def blocking(how: str) -> bool:
        rows.create(name="a")
        return end(how)

    @router.post("/inline", inline=True)
    def inline(how: str) -> bool:
        rows.create(name="a")
        return end(how)


def add_dependencies(router: Router, rows: Any) -> None:
    """Handlers whose dependencies write."""

    async def creating() -> None:
        await rows.acreate(name="of the dependency")

    @router.post("/dependency")
    async def with_dependency(how: str, made: Any = Depends(creating)) -> bool:
        return end(how)

    @router.post("/def-dependency")
    def def_with_dependency(how: str, made: Any = Depends(creating)) -> bool:
        return end(how)

    async def around() -> AsyncIterator[None]:
        yield
        # Behind the answer, so behind the transaction.
        await rows.acreate(name=f"behind: {connection.in_atomic_block}")

    @router.post("/generator")
    async def with_generator(how: str, made: Any = Depends(around)) -> bool:
        await rows.acreate(name="a")
        return end(how)


def add_spared(router: Router, rows: Any) -> None:
    """Handlers that ask for no transaction, of this database or of another one."""

    @router.post("/spared/async")
    @transaction.non_atomic_requests
    async def spared(how: str) -> bool:
        await rows.acreate(name="a")
        return end(how)

    @router.post("/spared/def")
    @transaction.non_atomic_requests
    def spared_def(how: str) -> bool:
        rows.create(name="a")
        return end(how)

    @router.post("/spared-elsewhere/async")
    @transaction.non_atomic_requests(using="elsewhere")
    async def spared_elsewhere(how: str) -> bool:
        await rows.acreate(name="a")
        return end(how)

    @router.post("/spared-elsewhere/def")
    @transaction.non_atomic_requests(using="elsewhere")
    def spared_elsewhere_def(how: str) -> bool:
        rows.create(name="a")
        return end(how)
