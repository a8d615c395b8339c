"""Revoked tokens in this process's memory: for one process, until it ends."""

from __future__ import annotations

import heapq
import math
import threading
import time
from collections.abc import Mapping, Sequence

from django_bolt.auth.stores.base import TokenStore
from django_bolt.exceptions import ServiceUnavailable

__all__ = ["MemoryTokenStore"]

LIMIT = 100_000
"""Entries; some 25 MB."""


class MemoryTokenStore(TokenStore):
    """Entries in a dict, dropped when their tokens have expired.

    At most `limit` of them: a further one is `ServiceUnavailable`, since dropping one would make its token count again.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._entries: dict[str, tuple[float, float]] = {}
        self._ends: list[tuple[float, str]] = []
        """The same by their ends, the next one first; stale where an entry was replaced."""

    def __len__(self) -> int:
        return len(self._entries)

    async def read(self, keys: Sequence[str]) -> Mapping[str, float]:
        """Return the times of those entries that there are."""
        entries = self._entries
        return {key: entry[0] for key in keys if (entry := entries.get(key)) is not None}

    async def write(self, key: str, before: float, until: float | None) -> None:
        """Keep an entry."""
        with self._lock:
            self._keep(key, before, until)

    async def add(self, key: str, until: float | None) -> bool:
        """Keep an entry unless there is one."""
        with self._lock:
            if key in self._entries:
                return False
            self._keep(key, 0.0, until)
            return True

    async def clear_expired(self) -> int:
        """Drop what has expired now."""
        with self._lock:
            return self._drop()

    def _keep(self, key: str, before: float, until: float | None) -> None:
        self._drop()
        if key not in self._entries and len(self._entries) >= self._limit:
            raise ServiceUnavailable("too many revoked tokens", headers={"Retry-After": "60"})
        end = math.inf if until is None else until
        self._entries[key] = before, end
        if until is not None:
            heapq.heappush(self._ends, (end, key))

    def _drop(self) -> int:
        now, dropped = time.time(), 0
        while self._ends and self._ends[0][0] < now:
            end, key = heapq.heappop(self._ends)
            if key in self._entries and self._entries[key][1] == end:
                del self._entries[key]
                dropped += 1
        return dropped
