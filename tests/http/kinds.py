"""One body of code as every kind of handler that there is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


def kinds(make: Callable[[], Any]) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Return a handler of every kind that runs `make`, with the options of its route."""

    async def plain():
        return make()

    async def suspending():
        await asyncio.sleep(0)
        return make()

    async def waiting():
        await asyncio.sleep(0.001)
        return make()

    def function():
        return make()

    return {
        "plain": (plain, {}),
        "suspending": (suspending, {}),
        "waiting": (waiting, {}),
        "def": (function, {}),
        "inline": (function, {"inline": True}),
        "shielded": (suspending, {"shield": True}),
    }
