"""Handlers that use what asyncio offers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

from shop.models import Item

from django_bolt import Router

router = Router(prefix="/asyncio")
EVENTS: dict[str, Any] = {}
TASKS: set[asyncio.Task[Any]] = set()


@router.get("/events/{tag}")
async def events(tag: str) -> Any:
    """Tell what was left under this tag."""
    return {"event": EVENTS.get(tag)}


@router.get("/task/{tag}")
async def task(tag: str) -> dict[str, bool]:
    """Start a task that outlives the request and uses the ORM after it."""

    async def later() -> None:
        await asyncio.sleep(0.2)
        item = await Item.objects.acreate(name=tag)
        EVENTS[tag] = await Item.objects.filter(id=item.id).acount()

    started = asyncio.create_task(later())
    TASKS.add(started)
    started.add_done_callback(TASKS.discard)
    return {"done": started.done()}


@router.get("/timeout")
async def timeout() -> str:
    """Give up waiting."""
    try:
        async with asyncio.timeout(0.05):
            await asyncio.sleep(60)
    except TimeoutError:
        return "timed out"
    return "slept"


@router.get("/group")
async def group() -> list[int]:
    """Wait for several at once."""

    async def double(number: int) -> int:
        await asyncio.sleep(0.01)
        return 2 * number

    async with asyncio.TaskGroup() as tasks:
        made = [tasks.create_task(double(number)) for number in range(3)]
    return [item.result() for item in made]


@router.get("/failing-group")
async def failing_group() -> list[str]:
    """See every failure of a group."""

    async def fail(number: int) -> None:
        await asyncio.sleep(0)
        raise ValueError(str(number))

    seen: list[str] = []
    try:
        async with asyncio.TaskGroup() as tasks:
            for number in range(2):
                tasks.create_task(fail(number))
    except* ValueError as failures:
        seen = sorted(str(failure) for failure in failures.exceptions)
    return seen


@router.get("/current-task")
async def current_task() -> dict[str, bool]:
    """Be a Task from the first step to the last."""
    before = asyncio.current_task()
    await asyncio.sleep(0)
    return {"task": before is not None, "same": before is asyncio.current_task()}


@router.get("/current-task-plain")
async def current_task_plain() -> dict[str, bool]:
    """Be one without an await as well, or say so plainly: the running loop is there."""
    return {"loop": asyncio.get_running_loop().is_running()}


@router.get("/subprocess")
async def subprocess() -> str:
    """Run another program."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-S", "-c", "print(input()[::-1])", stdin=-1, stdout=-1
    )
    output, _ = await process.communicate(b"bolt\n")
    return f"{process.returncode} {output.decode().strip()}"


@router.get("/streams")
async def streams() -> str:
    """Resolve a name, serve a connection, and talk to it."""

    async def reverse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline()).strip()[::-1] + b"\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(reverse, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        found = await asyncio.get_running_loop().getaddrinfo("localhost", port)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"bolt\n")
        answer = await reader.readline()
        writer.close()
        await writer.wait_closed()
    return f"{bool(found)} {answer.decode().strip()}"


async def ticks(tag: str) -> AsyncIterator[int]:
    """Count, and say when it is over."""
    try:
        for number in range(10):
            yield number
    finally:
        await asyncio.sleep(0)
        EVENTS[tag] = "closed"


@router.get("/abandoned/{tag}")
async def abandoned(tag: str) -> int:
    """Leave a generator in the middle."""
    async for number in ticks(tag):
        if number == 1:
            break
    return number


@router.get("/abandoned-plain/{tag}")
async def abandoned_plain(tag: str) -> int:
    """Step a generator by hand and forget it."""
    generator = ticks(tag)
    try:
        generator.asend(None).send(None)
    except StopIteration as stop:
        return int(stop.value)
    return -1


@router.get("/call-later/{tag}")
async def call_later(tag: str) -> float:
    """Leave a timer behind, from a handler that never waits."""
    loop = asyncio.get_running_loop()
    loop.call_later(0.2, EVENTS.__setitem__, tag, "fired")
    return loop.time()


@router.get("/threadsafe/{tag}")
def threadsafe(tag: str) -> None:
    """Wake the loop from a thread."""
    LOOPS[0].call_soon_threadsafe(EVENTS.__setitem__, tag, "called")


LOOPS: list[asyncio.AbstractEventLoop] = []


@router.get("/remember-loop")
async def remember_loop() -> None:
    """Keep the loop for another handler."""
    LOOPS[:] = [asyncio.get_running_loop()]


@router.get("/to-thread")
async def to_thread() -> int:
    """Use asyncio's own threads."""
    return await asyncio.to_thread(sum, [1, 2, 3])
