"""Threads that do something at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

__all__ = ["together"]


def together(count: int, work: Callable[[int, Callable[[], Any]], None]) -> None:
    """Run `work(number, wait)` on `count` threads to its end; `wait()` returns when all of them have called it."""
    wait = threading.Barrier(count).wait
    threads = [threading.Thread(target=work, args=(number, wait)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
