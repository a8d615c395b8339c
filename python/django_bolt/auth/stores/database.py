"""Revoked tokens in the database: rows of the app `django_bolt.tokens`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import apps
from django.db import IntegrityError, router, transaction

from django_bolt.auth.stores.base import TokenStore
from django_bolt.orm.entry import run_blocking

__all__ = ["APP", "DatabaseTokenStore"]

APP = "django_bolt.tokens"
"""What `INSTALLED_APPS` has to name."""


class DatabaseTokenStore(TokenStore):
    """Entries as rows; `manage.py bolt_clear_tokens` drops those of expired tokens."""

    async def read(self, keys: Sequence[str]) -> Mapping[str, float]:
        """Return the times of those entries that there are: one query by primary key."""
        return await run_blocking(_read, keys)  # type: ignore[no-any-return]

    async def write(self, key: str, before: float, until: float | None) -> None:
        """Keep an entry."""
        await run_blocking(_write, key, before, until)

    async def add(self, key: str, until: float | None) -> bool:
        """Keep an entry unless there is one: the primary key decides between two at once."""
        return await run_blocking(_add, key, until)  # type: ignore[no-any-return]

    async def clear_expired(self) -> int:
        """Drop the rows of tokens that have expired."""
        return await run_blocking(clear_expired)  # type: ignore[no-any-return]


def rows() -> Any:
    """Return all rows, where they are written: a replica may not have heard of a revocation yet."""
    model = apps.get_model("bolt_tokens", "RevokedToken")
    return model._base_manager.using(router.db_for_write(model))


def clear_expired() -> int:
    """Drop the rows of tokens that have expired and return how many."""
    dropped: int = rows().filter(until__lt=time.time()).delete()[0]
    return dropped


def _read(keys: Sequence[str]) -> dict[str, float]:
    return dict(rows().filter(key__in=keys).values_list("key", "before"))


def _write(key: str, before: float, until: float | None) -> None:
    # Nothing is read ahead of a change: of two transactions that have read, SQLite fails one.
    while not rows().filter(key=key).update(before=before, until=until):
        if _insert(key, before, until):
            return


def _add(key: str, until: float | None) -> bool:
    return _insert(key, 0.0, until)


def _insert(key: str, before: float, until: float | None) -> bool:
    """Make a row and return true, false where there is one."""
    found = rows()
    try:
        # A savepoint where a transaction is open, which the error would otherwise end.
        with transaction.atomic(using=found.db):
            found.create(key=key, before=before, until=until)
    except IntegrityError:
        return False
    return True
