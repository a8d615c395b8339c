"""Where Django's asynchronous ORM enters the bridge: the names in its modules that lead there.

Off a worker's loop each does what it did before. Nothing here may change what a call returns.
"""

from __future__ import annotations

import contextvars
from asyncio import _get_running_loop, _set_running_loop
from collections.abc import AsyncIterator, Callable
from functools import partial
from importlib import import_module
from typing import Any, TypeVar

import asgiref.sync
from asgiref.current_thread_executor import CurrentThreadExecutor
from django.apps import apps
from django.db.models.query import BaseIterable

from django_bolt.orm.bridge import here
from django_bolt.orm.connections import install_storage

T = TypeVar("T")

# Their asynchronous methods are their blocking ones, given to `sync_to_async`.
_MODULES = (
    "django.db.models.base",
    "django.db.models.query",
    "django.db.models.fields.related_descriptors",
    "django.contrib.contenttypes.fields",
    "django.contrib.sessions.backends.base",
    "django.contrib.sessions.backends.db",
    # What logging in and out sends; receivers of the ORM's own signals run inside its calls as well.
    "django.dispatch.dispatcher",
)
_NEED_MODELS = {"django.contrib.contenttypes.fields": "django.contrib.contenttypes"}

_sync_to_async: Any = asgiref.sync.sync_to_async
_rows = BaseIterable.__aiter__


def sync_to_async(function: Any = None, **options: Any) -> Any:
    """Return what awaits a blocking function: through the bridge on a worker's loop, through asgiref elsewhere."""
    bridge = here()
    if bridge is None or options or function is None:
        return _sync_to_async(function, **options)
    return partial(bridge.call, function)


def _iterate(self: Any) -> AsyncIterator[Any]:
    bridge = here()
    return _rows(self) if bridge is None else bridge.iterate(self)


def install() -> None:
    """Lead Django's asynchronous ORM to the bridge; doing it twice changes nothing."""
    install_storage()
    for name in _MODULES:
        if name not in _NEED_MODELS or apps.is_installed(_NEED_MODELS[name]):
            import_module(name).sync_to_async = sync_to_async  # type: ignore[attr-defined]
    BaseIterable.__aiter__ = _iterate  # type: ignore[method-assign]


async def run_blocking(function: Callable[..., Any], /, *args: Any) -> Any:
    """Run blocking code that asks the database, as Django's asynchronous ORM does; here, where no loop runs."""
    if _get_running_loop() is None:
        return function(*args)
    return await sync_to_async(function)(*args)


def run_now(function: Callable[..., T], /, *args: Any) -> T:
    """Run blocking code that asks the database, for code that cannot wait for it: an attribute that is read.

    Where a loop runs it stands still meanwhile; a query takes about as long as waiting for it would.
    """
    event_loop = _get_running_loop()
    if event_loop is None:
        return function(*args)
    bridge = here()
    if bridge is not None:
        return bridge.call_now(function, *args)
    executors = asgiref.sync.AsyncToSync
    elsewhere = getattr(executors.executors, "current", None) or executors.loop_thread_executors.get(event_loop)
    if isinstance(elsewhere, CurrentThreadExecutor):
        # A thread that waits for this loop and meanwhile runs blocking code for it: it has the connections.
        result: T = elsewhere.submit(contextvars.copy_context().run, function, *args).result()
        return result
    _set_running_loop(None)
    try:
        return function(*args)
    finally:
        _set_running_loop(event_loop)
