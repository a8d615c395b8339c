"""Which tokens no longer count: the store that `BOLT["TOKEN_STORE"]` names.

What a store is stands in `base`; each other module is one of them. Nothing here reads or signs a token.
"""

from __future__ import annotations

from typing import Any

from django.core.signals import setting_changed

from django_bolt import conf
from django_bolt.auth.stores.base import TokenStore
from django_bolt.auth.stores.cache import CacheTokenStore
from django_bolt.auth.stores.database import DatabaseTokenStore
from django_bolt.auth.stores.memory import MemoryTokenStore

__all__ = ["CacheTokenStore", "DatabaseTokenStore", "MemoryTokenStore", "TokenStore", "token_store"]

_made: list[TokenStore | None] = []
"""The store of this process, once it was asked for."""


def token_store() -> TokenStore | None:
    """Return the store of this process, None where `BOLT["TOKEN_STORE"]` names none."""
    if not _made:
        _made.append(_make(conf.load()))
    return _made[0]


def _make(configuration: conf.Configuration) -> TokenStore | None:
    match configuration.token_store:
        case "memory":
            return MemoryTokenStore()
        case "cache":
            return CacheTokenStore(configuration.token_cache)
        case "database":
            return DatabaseTokenStore()
        case _:
            return None


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "BOLT":
        _made.clear()


# Settings change in tests alone; Django says so.
setting_changed.connect(_forget, dispatch_uid="django_bolt.token_store")
