"""Whether revoked tokens are remembered by every process, and as long as they have to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.cache import InvalidCacheBackendError, caches
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache

from django_bolt.auth.stores.database import APP
from django_bolt.checks.finding import Finding
from django_bolt.conf import Configuration

FEW = 10_000
"""Entries; Django's own caches drop a third of theirs at 300 unless told otherwise."""
SHARED = 'write "TOKEN_STORE": "database", or "cache" with a cache that all processes share, such as Redis'


def find_token_problems(configuration: Configuration) -> Iterator[Finding]:
    """Yield what is wrong with where revoked tokens are kept."""
    match configuration.token_store:
        case "memory":
            yield from _own_memory("TOKEN_STORE='memory'", configuration)
        case "cache":
            yield from _cache(configuration)
        case "database" if not apps.is_installed(APP):
            yield Finding(
                "E016",
                f"found TOKEN_STORE='database' and no {APP!r} in INSTALLED_APPS, expected the app with its table",
                f'add "{APP}" to INSTALLED_APPS and run manage.py migrate',
            )


def _own_memory(found: str, configuration: Configuration) -> Iterator[Finding]:
    if configuration.processes > 1:
        yield Finding(
            "E015",
            f"found {found} with {configuration.processes} processes, of which each would know only the tokens that "
            "it revoked itself, expected a store that they share",
            f"{SHARED}; or serve with one process",
        )


def _cache(configuration: Configuration) -> Iterator[Finding]:
    alias = configuration.token_cache
    found = f"TOKEN_STORE='cache' with the cache {alias!r}"
    try:
        cache: Any = caches[alias]
    except InvalidCacheBackendError as error:
        yield Finding("E016", f"found {found}, which cannot be used ({error})", "correct CACHES or TOKEN_CACHE")
        return
    if isinstance(cache, DummyCache):
        yield Finding("E016", f"found {found}, which keeps nothing, expected one that does", SHARED)
    elif isinstance(cache, LocMemCache):
        yield from _own_memory(f"{found}, which is in each process's memory,", configuration)
    elif isinstance(cache, FileBasedCache):
        yield Finding("W012", f"found {found}, which is in files, where a refresh token can be used up twice", SHARED)
    elif isinstance(cache, DatabaseCache):
        yield Finding("W012", f"found {found}, which drops without a word what it cannot write at once", SHARED)
    if isinstance(cache, LocMemCache | FileBasedCache | DatabaseCache) and entries(cache) < FEW:
        yield Finding(
            "W012",
            f"found {found}, which forgets revoked tokens when it holds {entries(cache)} entries",
            f'write "OPTIONS": {{"MAX_ENTRIES": 1_000_000}} in CACHES[{alias!r}], or more',
        )


def entries(cache: Any) -> int:
    """Return how many entries a cache holds before it drops some."""
    most: int = cache._max_entries
    return most
