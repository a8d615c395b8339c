"""The plain use of a database: rows by key, transfers, iterations, waits; kept apart from it what shall not be seen."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection, transaction
from mysite.through import api as through

from django_bolt import BoltAPI
from ledger.connections import router as connections
from ledger.markers import router as markers
from ledger.models import Account, Entry, run
from ledger.sight import look, pid, rows
from ledger.transactions import router as transactions

api = BoltAPI()


@api.get("/pid")
async def process() -> int:
    """Tell which process answers."""
    return os.getpid()


@api.get("/modules/{name}")
async def modules(name: str) -> bool:
    """Tell whether a module was imported."""
    return name in sys.modules


@api.get("/look")
async def look_async() -> int:
    """Look at a connection of the pool."""
    return await run(look)


@api.get("/look-def")
def look_def() -> int:
    """Look at a thread's connection."""
    return look()


@api.get("/look-threads")
async def look_threads() -> list[int]:
    """Look at the connection of the request's thread, twice."""
    return [await sync_to_async(look)(), await sync_to_async(look)()]


@api.get("/accounts/{account_id}")
async def account(account_id: int, wait: float = 0.0) -> dict[str, int]:
    """Return an account, and who answered."""
    seen = await run(look)
    if wait:
        await run(rows, "SELECT pg_sleep(%s)", wait)
    found = await Account.objects.aget(id=account_id)
    return {"id": found.id, "pid": seen}


@api.get("/accounts-def/{account_id}")
def account_def(account_id: int) -> dict[str, int]:
    """The same on a thread."""
    seen = look()
    return {"id": Account.objects.get(id=account_id).id, "pid": seen}


@api.get("/transfer")
async def transfer(source: int, target: int, amount: int) -> dict[str, bool]:
    """Move an amount, with an await between its two halves."""
    await run(look)
    async with transaction.atomic():
        inside = connection.in_atomic_block
        found = {row.id: row async for row in Account.objects.select_for_update().order_by("id")}
        found[source].balance -= amount
        await found[source].asave()
        await asyncio.sleep(0.002)
        found[target].balance += amount
        await found[target].asave()
    return {"inside": inside, "after": connection.in_atomic_block}


@api.get("/entries")
async def entries(chunk: int = 100, upto: int = 2000) -> dict[str, Any]:
    """Iterate with a cursor on the server, with a query of the same connection between the rows."""
    seen = await run(look)
    numbers, pids, cursors = [], set(), set()
    async for entry in Entry.objects.order_by("number").aiterator(chunk_size=chunk):
        numbers.append(entry.number)
        if len(numbers) % 400 == 1:
            pids.add(await run(pid))
            cursors.add((await run(rows, "SELECT count(*) FROM pg_cursors WHERE name <> ''"))[0][0])
        if entry.number == upto:
            break
    return {"right": numbers == list(range(1, upto + 1)), "pids": [seen, *pids], "cursors": sorted(cursors)}


@api.get("/entries-in-transaction")
async def entries_in_transaction() -> dict[str, Any]:
    """Iterate twice at a time inside a transaction, and change rows meanwhile."""
    total, pids = 0, set()
    async with transaction.atomic():
        async for outer in Entry.objects.filter(number__lte=6).order_by("number").aiterator(chunk_size=2):
            await Entry.objects.filter(id=outer.id).aupdate(number=-outer.number)
            async for inner in Entry.objects.filter(number__gt=1900).order_by("number").aiterator(chunk_size=7):
                total += inner.number
                if inner.number == 1950:
                    break
        pids.add(await run(pid))
        changed = await Entry.objects.filter(number__lt=0).acount()
        transaction.set_rollback(True)
    return {"total": total, "changed": changed, "after": await Entry.objects.filter(number__lt=0).acount()}


@api.get("/sleep/{tag}")
async def sleep(tag: str, seconds: float = 60.0) -> None:
    """Wait in the database, in a query that a test finds by its tag."""
    await run(rows, f"SELECT pg_sleep({seconds}) /* {tag} */")


for part in (markers, transactions, connections):
    api.include_router(part)
api.mount("", through)
