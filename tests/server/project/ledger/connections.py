"""What happens to a connection while nobody uses it, and in a forked process."""

from __future__ import annotations

import multiprocessing
import os
import time
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection, transaction

from django_bolt import Router
from ledger.models import Marker, run
from ledger.sight import pid, rows

router = Router(prefix="/connections")


@router.get("/threads")
async def threads() -> dict[str, int]:
    """Tell whose connections the pool and a thread use."""
    return {"pool": await run(pid), "thread": await sync_to_async(pid)(), "thread again": await sync_to_async(pid)()}


@router.get("/threads-def")
def threads_def() -> int:
    """Tell whose a `def` handler uses."""
    return pid()


@router.get("/listen")
async def listen() -> int:
    """Have notices sent to a connection that then goes back to the pool."""
    await run(rows, "LISTEN ledger")
    return await run(pid)


@router.get("/cpu")
def cpu(seconds: float) -> float:
    """Return the processor time that the process takes in a while in which it has nothing to do."""
    before = time.process_time()
    time.sleep(seconds)
    return time.process_time() - before


def in_child() -> bool:
    """Ask the database in a forked process."""
    ours = pid()
    connection.close()
    return ours > 0


def fork() -> int:
    """Fork, ask the database in the child, and return how it ended."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if in_child() else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def start_process() -> int | None:
    """Do the same by `multiprocessing`."""
    process = multiprocessing.get_context("fork").Process(target=in_child)
    process.start()
    process.join(10)
    return process.exitcode


@router.get("/fork/{way}")
async def fork_from_coroutine(way: str) -> dict[str, Any]:
    """Fork between two queries, and inside a transaction."""
    fork_once = {"fork": fork, "multiprocessing": start_process}[way]
    before = await run(pid)
    outside = fork_once()
    after = await run(pid)
    async with transaction.atomic():
        await Marker.objects.acreate(tag=way)
        inside = fork_once()
        count = await Marker.objects.filter(tag=way).acount()
        transaction.set_rollback(True)
    return {"exits": [outside, inside], "same": before == after == await run(pid), "count": count}


@router.get("/fork-def")
def fork_from_thread() -> dict[str, Any]:
    """Fork from a thread that has a connection; the child ends without touching it."""
    before = pid()
    child = os.fork()
    if child == 0:
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {"exits": [code], "same": before == pid()}
