"""Middleware that the settings put around everything: `BOLT_CORS`, `BOLT_COMPRESSION` and `BOLT_RATE_LIMIT`.

Nothing here may look at a route.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from django_bolt._runtime.policy_problems import find_problems
from django_bolt.conf import Problem
from django_bolt.middleware import CompressionConfig, CompressionMiddleware, CORSMiddleware, RateLimitMiddleware

CORS, COMPRESSION, RATE_LIMIT = "BOLT_CORS", "BOLT_COMPRESSION", "BOLT_RATE_LIMIT"
Found = tuple[str, Problem]
"""The setting and what is wrong with it."""


def outermost() -> tuple[Any, ...]:
    """Return the middleware of the settings; raises `ImproperlyConfigured` naming everything that is wrong."""
    middleware, problems = read()
    if problems:
        raise ImproperlyConfigured(" | ".join(f"settings.{name}: {problem}" for name, problem in problems))
    return middleware


def read() -> tuple[tuple[Any, ...], list[Found]]:
    """Return the middleware of the settings, and what is wrong with them."""
    middleware: list[Any] = []
    problems: list[Found] = []
    for name, reader in READERS.items():
        value = getattr(settings, name, None)
        made = None if value is None else reader(value)
        if made is None:
            continue
        wrong = [made] if isinstance(made, Problem) else list(find_problems(made))
        problems.extend((name, problem) for problem in wrong)
        middleware.append(made)
    return tuple(middleware), problems


def as_cors(value: Any) -> CORSMiddleware | Problem:
    """Return the policy of `BOLT_CORS`, or why there is none."""
    if isinstance(value, CORSMiddleware):
        return value
    if not isinstance(value, Mapping):
        return Problem(
            f"found {value!r}, expected a dict with the arguments of CORSMiddleware",
            'write e.g. {"allow_origins": ["https://www.example.com"]}',
        )
    return unknown_key(value, CORSMiddleware) or CORSMiddleware(**value)


def as_compression(value: Any) -> CompressionMiddleware | Problem | None:
    """Return the compression of `BOLT_COMPRESSION`, None for False, or why there is none."""
    if value is False:
        return None
    if isinstance(value, CompressionConfig):
        return CompressionMiddleware(value)
    if value is True:
        return CompressionMiddleware()
    if not isinstance(value, Mapping):
        return Problem(
            f"found {value!r}, expected a CompressionConfig, a dict with its arguments, or False",
            'write e.g. {"backend": "zstd"}',
        )
    return unknown_key(value, CompressionConfig) or CompressionMiddleware(CompressionConfig(**value))


def as_rate_limit(value: Any) -> RateLimitMiddleware | Problem:
    """Return the limit of `BOLT_RATE_LIMIT`, or why there is none."""
    if not isinstance(value, Mapping):
        return Problem(
            f"found {value!r}, expected a dict with the arguments of RateLimitMiddleware",
            'write e.g. {"requests": 100, "window": 60}',
        )
    return unknown_key(value, RateLimitMiddleware) or RateLimitMiddleware(**value)


READERS: dict[str, Callable[[Any], Any]] = {
    CORS: as_cors,
    COMPRESSION: as_compression,
    RATE_LIMIT: as_rate_limit,
}
"""What makes middleware, or a problem, of each setting."""


def unknown_key(value: Mapping[Any, Any], kind: type) -> Problem | None:
    """Return a problem where a dict has a key that is no argument of a class."""
    known = [field.name for field in fields(kind)]
    wrong = [key for key in value if key not in known]
    if not wrong:
        return None
    return Problem(f"found the key {wrong[0]!r}, expected one of {' '.join(known)}", "correct or drop it")
