"""Handlers inside a transaction, where `ATOMIC_REQUESTS` of a database asks for one.

Dependencies run inside it; what a generator does behind its `yield` and the writing of the answer do not.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.db import connections, transaction
from django.db.models import QuerySet

from django_bolt._plan.model import HandlerKind
from django_bolt._runtime.run import Deferred
from django_bolt.orm.entry import run_blocking
from django_bolt.orm.transaction import inside


def with_transactions(
    call: Callable[..., Any], kind: HandlerKind, handler: Callable[..., Any]
) -> tuple[Callable[..., Any], HandlerKind]:
    """Return `call` inside a transaction of every database with `ATOMIC_REQUESTS`, and how that runs.

    `transaction.non_atomic_requests` on the handler leaves databases out, as in Django. Any exception rolls back.
    """
    spared = getattr(handler, "_non_atomic_requests", ())
    blocks = [
        transaction.atomic(using=alias)
        for alias, settings in connections.settings.items()
        if settings["ATOMIC_REQUESTS"] and alias not in spared
    ]
    if not blocks:
        return call, kind
    if kind in ("def", "inline"):
        wrapped = _reading(call)
        for block in blocks:
            wrapped = block(wrapped)
        return wrapped, kind
    wrapped = _areading(call)
    for block in blocks:
        wrapped = inside(block, wrapped)
    return wrapped, "coroutine"


def _reading(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return `call` with a QuerySet that it returns read at once: `select_for_update()` needs the transaction."""

    @functools.wraps(call)
    def read(*args: Any, **kwargs: Any) -> Any:
        value = call(*args, **kwargs)
        rows = _rows(value)
        if rows is not None:
            len(rows)
        return value

    return read


def _areading(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    async def read(*args: Any, **kwargs: Any) -> Any:
        value = await call(*args, **kwargs)
        rows = _rows(value)
        if rows is not None:
            await run_blocking(len, rows)
        return value

    return read


def _rows(value: Any) -> QuerySet[Any] | None:
    if isinstance(value, Deferred):
        value = value.value
    if isinstance(value, tuple) and value:
        # With a status, and perhaps headers.
        value = value[0]
    return value if isinstance(value, QuerySet) else None
