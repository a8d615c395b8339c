"""`/ready`: what must hold for this process to be given requests, asked at most once a second.

The paths and `/health` are the server's; nothing here may know how often it is asked, or by whom.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import msgspec
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.utils.module_loading import import_string

from django_bolt import conf
from django_bolt.orm.entry import run_blocking

__all__ = ["Readiness"]

Reply = tuple[int, list[tuple[str, str]], bytes]

FRESH = 1.0
"""Seconds that an answer is given again."""
TIMEOUT = 5.0
"""Seconds that a check may take."""

_logger = logging.getLogger("django_bolt.health")
_JSON = [("content-type", "application/json"), ("cache-control", "no-store")]


class NotReadyError(Exception):
    """A check found something wrong."""


@dataclass
class Check:
    """One thing that must hold: `run()` raises, or returns False, where it does not."""

    name: str
    run: Callable[[], Awaitable[Any]]
    task: asyncio.Task[str | None] | None = None

    async def outcome(self) -> str | None:
        """Return what is wrong, None where nothing is.

        What hangs is not asked a second time meanwhile: probes would fill the process with threads.
        """
        task = self.task
        if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
            task = self.task = asyncio.create_task(self._ask())
        await asyncio.wait({task}, timeout=TIMEOUT)
        return task.result() if task.done() else f"no answer within {TIMEOUT:g} s"

    async def _ask(self) -> str | None:
        try:
            return "returned False" if await self.run() is False else None
        except Exception as error:
            return f"{type(error).__name__}: {error}"


class Readiness:
    """Answers `/ready` by asking every check of `BOLT["READY_CHECKS"]`, all at the same time."""

    def __init__(self, checks: Sequence[str | Callable[[], Any]]) -> None:
        self._names = checks
        self._checks: list[Check] | None = None
        self._answer: tuple[float, Reply] | None = None
        self._running: asyncio.Task[Reply] | None = None
        self._wrong: dict[str, str] = {}

    async def __call__(self) -> Reply:
        """Return status, headers and body."""
        if self._answer is not None and time.monotonic() - self._answer[0] < FRESH:
            return self._answer[1]
        task = self._running
        if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
            task = self._running = asyncio.create_task(self._ask())
        # One who asks and goes away leaves the others their answer.
        return await asyncio.shield(task)

    async def _ask(self) -> Reply:
        if self._checks is None:
            self._checks = [check for reference in self._names for check in make_checks(reference)]
        outcomes = await asyncio.gather(*(check.outcome() for check in self._checks))
        wrong = {check.name: error for check, error in zip(self._checks, outcomes, strict=True) if error is not None}
        self._tell(wrong)
        results = {check.name: _result(wrong.get(check.name)) for check in self._checks}
        body = msgspec.json.encode({"status": "unavailable" if wrong else "ok", "checks": results})
        reply = (503 if wrong else 200, _JSON, body)
        self._answer = (time.monotonic(), reply)
        return reply

    def _tell(self, wrong: dict[str, str]) -> None:
        """Log what changed, and only that: probes come every few seconds."""
        for name in wrong.keys() - self._wrong.keys():
            _logger.warning("Not ready: %s: %s", name, wrong[name])
        for name in self._wrong.keys() - wrong.keys():
            _logger.info("Ready again: %s", name)
        self._wrong = wrong


def _result(error: str | None) -> dict[str, str]:
    if error is None:
        return {"status": "ok"}
    return {"status": "failed", "error": error} if conf.debug_enabled() else {"status": "failed"}


def make_checks(reference: str | Callable[[], Any]) -> Iterator[Check]:
    """Yield the checks that one entry of `BOLT["READY_CHECKS"]` stands for."""
    named = NAMED.get(reference) if isinstance(reference, str) else None
    if named is not None:
        yield from named()
        return
    function = import_string(reference) if isinstance(reference, str) else reference
    name = reference if isinstance(reference, str) else getattr(function, "__qualname__", repr(function))
    yield Check(name, lambda: _call(function))


def _databases() -> Iterator[Check]:
    for alias in connections:
        yield Check(_per_alias("database", alias), lambda alias=alias: run_blocking(ask_database, alias))  # type: ignore[misc]


def _caches() -> Iterator[Check]:
    for alias in settings.CACHES:
        yield Check(_per_alias("cache", alias), lambda alias=alias: ask_cache(alias))  # type: ignore[misc]


def _migrations() -> Iterator[Check]:
    yield Check("migrations", Migrations())


NAMED: dict[str, Callable[[], Iterator[Check]]] = {
    "database": _databases,
    "cache": _caches,
    "migrations": _migrations,
}
"""The checks that have a name of their own."""


def _per_alias(name: str, alias: str) -> str:
    return name if alias == "default" else f"{name}:{alias}"


async def _call(function: Callable[[], Any]) -> Any:
    if not inspect.iscoroutinefunction(function):
        result = await sync_to_async(function)()
    else:
        result = function()
    return await result if inspect.isawaitable(result) else result


def ask_database(alias: str) -> None:
    """Ask a database for a one."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


async def ask_cache(alias: str) -> None:
    """Give a value to a cache and ask for it; one that keeps nothing on purpose is let be."""
    cache = caches[alias]
    if isinstance(cache, DummyCache):
        return
    key, value = f"django_bolt.ready.{uuid4().hex}", uuid4().hex
    await cache.aset(key, value, 10)
    if await cache.aget(key) != value:
        raise NotReadyError("the value that was set did not come back")
    await cache.adelete(key)


class Migrations:
    """Asks every database for migrations that are not applied, until there are none: they stay applied."""

    def __init__(self) -> None:
        self._applied = False

    async def __call__(self) -> None:
        """Raise where there are some."""
        if not self._applied:
            await sync_to_async(ask_migrations)()
            self._applied = True


def ask_migrations() -> None:
    """Raise where a database lacks migrations."""
    for alias in connections:
        executor = MigrationExecutor(connections[alias])
        if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
            names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _ in plan[:3])
            raise NotReadyError(f"{len(plan)} migrations are not applied to {alias!r}: {names}")
