"""Revoked tokens in one of Django's caches, which all processes and machines have to share."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from asgiref.sync import sync_to_async
from django.core.cache import caches

from django_bolt.auth.stores.base import TokenStore
from django_bolt.exceptions import ServiceUnavailable

__all__ = ["CacheTokenStore"]

PREFIX = "bolt-token:"


class CacheTokenStore(TokenStore):
    """Entries that the cache itself drops when their tokens have expired.

    A cache that drops them sooner (one that is full, flushed or started anew) makes revoked tokens count again.
    """

    def __init__(self, alias: str = "default", prefix: str = PREFIX) -> None:
        self._alias = alias
        self._prefix = prefix

    async def read(self, keys: Sequence[str]) -> Mapping[str, float]:
        """Return the times of those entries that there are."""
        # Django's `aget_many` asks for one key after the other, each on a thread; this is one call.
        found: dict[str, float] = await self._call(get_many, [self._prefix + key for key in keys])
        return found

    async def write(self, key: str, before: float, until: float | None) -> None:
        """Keep an entry; raises `ServiceUnavailable` where the cache did not: many say nothing of what they drop."""
        if not await self._call(kept, self._prefix + key, before, lasting(until)):
            raise ServiceUnavailable("the token could not be revoked", headers={"Retry-After": "1"})

    async def add(self, key: str, until: float | None) -> bool:
        """Keep an entry unless there is one: `add` is atomic in every shared backend of Django's."""
        added: bool = await self._call(add, self._prefix + key, lasting(until))
        return added

    async def _call(self, function: Callable[..., Any], *args: Any) -> Any:
        # Which connection a cache has is the thread's business.
        return await sync_to_async(lambda: function(caches[self._alias], *args), thread_sensitive=True)()


def get_many(cache: Any, keys: Sequence[str]) -> Any:
    """Return what there is."""
    return cache.get_many(keys)


def add(cache: Any, key: str, timeout: int | None) -> Any:
    """Keep an entry unless there is one, and tell whether it was kept."""
    return cache.add(key, 0.0, timeout)


def kept(cache: Any, key: str, value: float, timeout: int | None) -> bool:
    """Keep an entry, and tell whether it is there."""
    cache.set(key, value, timeout)
    return cache.get(key) is not None


def lasting(until: float | None) -> int | None:
    """Return the seconds that an entry is kept; 0 would be none at all."""
    return None if until is None else max(1, math.ceil(until - time.time()))
