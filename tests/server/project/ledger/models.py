"""What the ledger keeps, and one model that keeps nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import models


class Account(models.Model):
    """Holds an amount; the sum of them all never changes."""

    balance = models.IntegerField()


class Entry(models.Model):
    """One of two thousand rows to iterate over."""

    number = models.IntegerField()


class Marker(models.Model):
    """Is never committed where a test asks what can be seen; `tag` names the request."""

    tag = models.CharField(max_length=100)


class Work(models.Model):
    """Runs a function where a row would be saved: on the connection that the ORM uses there."""

    function: Callable[[], Any]
    result: Any

    class Meta:
        managed = False

    def save(self, **kwargs: Any) -> None:
        self.result = self.function()


async def run(function: Callable[..., Any], *args: Any) -> Any:
    """Return what a blocking function returns, run as any asynchronous method of a model."""
    work = Work()
    work.function = partial(function, *args)
    await work.asave()
    return work.result
