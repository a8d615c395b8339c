"""Handlers that hold locks, block, forget transactions, and tell which thread and connection they have."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from typing import Any

from django.db import connection, connections, models, transaction
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from shop.models import Item

from django_bolt import Router

router = Router(prefix="/databases")


class FromReplica:
    """Reads from one database, writes to the other."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        """Return the replica's alias."""
        return "replica"

    def db_for_write(self, model: Any, **hints: Any) -> str:
        """Return the other one's."""
        return "default"


class Pause(models.Func):
    """A SQL function that takes as many seconds as it is told."""

    function = "pause"
    output_field = models.FloatField()


@receiver(connection_created)
def add_pause(connection: Any, **_: Any) -> None:
    """Teach every SQLite connection the function."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("pause", 1, lambda seconds: (time.sleep(seconds), seconds)[1])


@router.get("/names")
async def names(using: str = "default") -> list[str]:
    """Tell what is committed."""
    return [item.name async for item in Item.objects.using(using).order_by("pk")]


@router.get("/routed")
async def routed() -> list[str]:
    """Read where the router says."""
    return [item.name async for item in Item.objects.order_by("pk")]


@router.delete("/names")
async def delete() -> None:
    """Delete every row of every database."""
    for alias in connections:
        await Item.objects.using(alias).adelete()


@router.post("/write/{name}")
async def write(name: str) -> None:
    """Write one row in autocommit."""
    await Item.objects.acreate(name=name)


@router.post("/write-def/{name}")
def write_def(name: str) -> None:
    """Write one row on a thread."""
    Item.objects.create(name=name)


@router.post("/atomic/{name}")
async def atomic(name: str, seconds: float = 0.0, using: str = "default") -> None:
    """Write one row and hold the transaction over a wait."""
    async with transaction.atomic(using=using):
        await Item.objects.using(using).acreate(name=name)
        await asyncio.sleep(seconds)


@router.post("/rolled-back/{name}")
async def rolled_back(name: str, using: str = "default") -> None:
    """Write one row and roll back."""
    with contextlib.suppress(LookupError):
        async with transaction.atomic(using=using):
            await Item.objects.using(using).acreate(name=name)
            raise LookupError


@router.post("/count-up")
async def count_up() -> None:
    """Read and then write what was read."""
    async with transaction.atomic():
        count = await Item.objects.acount()
        await asyncio.sleep(0)
        await Item.objects.acreate(name=str(count))


@router.get("/paused")
async def paused(seconds: float) -> list[Any]:
    """Run a query that takes a while; tell the rows and the thread."""
    rows = [item.paused async for item in Item.objects.annotate(paused=Pause(models.Value(seconds)))]
    return [rows, await Threads(Item).acount()]


class Threads(models.QuerySet):
    """A QuerySet whose count is where it counts."""

    def count(self) -> Any:
        """Return the thread's name."""
        return threading.current_thread().name.partition("-")[0]


@router.get("/where")
async def where() -> list[str]:
    """Tell which thread the ORM's calls run on."""
    return [await Threads(Item).acount()]


class State(models.QuerySet):
    """A QuerySet whose count is the state of the connection it finds."""

    def count(self) -> Any:
        """Return what is left of whoever had the connection before."""
        connection.ensure_connection()
        return [id(connection.connection), connection.get_autocommit(), connection.in_atomic_block]

    def exists(self) -> Any:
        """Leave a transaction open, with a row in it."""
        connection.set_autocommit(False)
        Item.objects.create(name="lost")


@router.get("/state")
async def state() -> list[Any]:
    """Tell the connection's handle and state."""
    return await State(Item).acount()  # type: ignore[return-value]


@router.post("/forget")
async def forget() -> None:
    """Leave a transaction open by raw code."""
    await State(Item).aexists()
