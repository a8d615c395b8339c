"""Routes that a client may ask for so often and no more."""

from __future__ import annotations

import os

from django_bolt import Router
from django_bolt.middleware import rate_limit

router = Router(prefix="/limited")
HOUR = 3600


@router.get("/hundred")
@rate_limit(requests=100, window=HOUR)
async def hundred() -> int:
    """Tell which process answers."""
    return os.getpid()


@router.get("/ten")
@rate_limit(requests=10, window=HOUR)
async def ten() -> None:
    """Say nothing."""


@router.get("/soon")
@rate_limit(requests=2, window=2)
async def soon() -> None:
    """Say nothing."""


@router.get("/keyed")
@rate_limit(requests=2, window=HOUR, key="X-Key")
async def keyed() -> None:
    """Say nothing."""


@router.post("/posted")
@rate_limit(requests=2, window=HOUR)
async def posted(value: dict[str, int]) -> None:
    """Take a body."""
