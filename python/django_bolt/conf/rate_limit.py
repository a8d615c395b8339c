"""What a rate limit may be, and `settings.BOLT_RATE_LIMIT`, one for everything that is served.

How requests are counted is the core's business.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from django_bolt.conf.problem import Problem
from django_bolt.datastructures import TOKEN

__all__ = ["find_mistake", "find_problems", "load"]

OPTIONS = ("requests", "window", "key", "burst")
MOST = 2**32 - 1
EXAMPLE = 'write BOLT_RATE_LIMIT = {"requests": 100, "window": 60}'


def find_mistake(*, requests: Any = 100, window: Any = 60, key: Any = "ip", burst: Any = None) -> str | None:
    """Return what is wrong with a rate limit and what was expected; None where nothing is."""
    if not _is_count(requests):
        return f"found requests={requests!r}, expected a whole number from 1 to {MOST}"
    number = isinstance(window, int | float) and not isinstance(window, bool)
    if not number or not math.isfinite(window) or window <= 0:
        return f"found window={window!r}, expected a number of seconds above 0"
    if burst is not None and not _is_count(burst):
        return f"found burst={burst!r}, expected a whole number from 1 to {MOST}, or None for as many as requests"
    if not isinstance(key, str) or not TOKEN.fullmatch(key):
        return f'found key={key!r}, expected "ip", "user" or the name of a header field such as "X-API-Key"'
    return None


def find_problems() -> list[Problem]:
    """Return what is wrong with `settings.BOLT_RATE_LIMIT`."""
    raw = getattr(settings, "BOLT_RATE_LIMIT", None)
    if raw is None:
        return []
    if not isinstance(raw, Mapping):
        return [Problem("rate_limit", f"found {type(raw).__name__}, expected a dict or None", EXAMPLE)]
    unknown = [key for key in raw if key not in OPTIONS]
    if unknown:
        return [Problem("rate_limit", f"found the key {unknown[0]!r}, expected {', '.join(OPTIONS)}", EXAMPLE)]
    mistake = find_mistake(**raw)
    return [Problem("rate_limit", mistake, EXAMPLE)] if mistake else []


def load() -> Mapping[str, Any] | None:
    """Return the limit of everything that is served, None without one; `ImproperlyConfigured` where it is wrong."""
    for problem in find_problems():
        raise ImproperlyConfigured(f"settings.BOLT_RATE_LIMIT: {problem}")
    limit: Mapping[str, Any] | None = getattr(settings, "BOLT_RATE_LIMIT", None)
    return limit


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST
