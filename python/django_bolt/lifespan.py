"""What happens around serving: `BoltAPI(lifespan=)`, `@api.on_start` and `@api.on_stop`, once in every process.

Which loop runs it, and when, is the server's or the test client's business.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from asgiref.sync import sync_to_async

from django_bolt.application import BoltAPI


@asynccontextmanager
async def lifespan(apis: Iterable[BoltAPI]) -> AsyncIterator[None]:
    """Start every application and those mounted into it, and stop them in reverse order on leaving.

    For each: its lifespan is entered, its start hooks run; on leaving its stop hooks run in reverse order, then the
    lifespan is left. A start that fails raises after what had started was stopped; a stop that fails keeps no other
    from running.
    """
    started: set[int] = set()
    async with AsyncExitStack() as stack:
        for api in apis:
            for member in api.family():
                if id(member) not in started:
                    started.add(id(member))
                    await _start(member, stack)
        yield


async def _start(api: BoltAPI, stack: AsyncExitStack) -> None:
    if api.lifespan is not None:
        await stack.enter_async_context(api.lifespan(api))
    for hook in api.start_hooks:
        await _call(hook)
    for hook in api.stop_hooks:
        stack.push_async_callback(_call, hook)


async def _call(hook: Callable[[], Any]) -> None:
    # A plain function goes to the thread of sync_to_async, where Django's ORM lets itself be used.
    result = hook() if inspect.iscoroutinefunction(hook) else await sync_to_async(hook)()
    if inspect.isawaitable(result):
        await result
