"""What a decorator says about one handler's middleware; above or below the route's own decorator.

A mark is kept on the function and read when its routes are compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django_bolt.middleware.cors import CORSMiddleware
from django_bolt.middleware.rate_limit import RateLimitMiddleware

Handler = TypeVar("Handler", bound=Callable[..., Any])


def cors(
    origins: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
    headers: Sequence[str] | None = None,
    credentials: bool | None = None,
    **options: Any,
) -> Callable[[Handler], Handler]:
    """Give a handler's routes a CORS policy of their own, in place of those around it.

    Takes the arguments of `CORSMiddleware`, whose first ones have short names here: `@cors(["https://www.example.com"],
    credentials=True)`.
    """
    short = {"origins": origins, "methods": methods, "headers": headers, "credentials": credentials}
    for name, value in short.items():
        if value is not None and options.setdefault(f"allow_{name}", value) is not value:
            raise TypeError(f"@cors: {name} and allow_{name} are one argument; give one of them")
    return _marking(CORSMiddleware(**options))


def rate_limit(**options: Any) -> Callable[[Handler], Handler]:
    """Limit a handler's routes further, with the arguments of `RateLimitMiddleware`."""
    return _marking(RateLimitMiddleware(**options))


def no_compress(handler: Handler) -> Handler:
    """Leave a handler's answers uncompressed."""
    return skip_middleware("compression")(handler)


def skip_middleware(*names: str) -> Callable[[Handler], Handler]:
    """Leave middleware out around a handler: `"cors"`, `"rate_limit"`, `"compression"`, a class's name, or `"*"`.

    `"*"` is all of Bolt's; guards and Django's middleware stay. A name that nothing declared has is a `PlanError` when
    the application is assembled; `TypeError` where there is none.
    """
    if not names or not all(isinstance(name, str) for name in names):
        raise TypeError(f'skip_middleware() found {names!r}, expected names; write @skip_middleware("cors")')

    def decorator(handler: Handler) -> Handler:
        handler.__dict__["__bolt_skipped__"] = skips_of(handler) | set(names)
        return handler

    return decorator


def marks_of(handler: Any) -> tuple[Any, ...]:
    """Return the middleware that decorators gave a handler."""
    return getattr(handler, "__bolt_middleware__", ())


def skips_of(handler: Any) -> frozenset[str]:
    """Return the names of what decorators left out around a handler."""
    return getattr(handler, "__bolt_skipped__", frozenset())


def _marking(middleware: Any) -> Callable[[Handler], Handler]:
    def decorator(handler: Handler) -> Handler:
        handler.__dict__["__bolt_middleware__"] = (*marks_of(handler), middleware)
        return handler

    return decorator
