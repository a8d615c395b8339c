"""What a decorator recorded about a route.

Data only: nothing here may look into the handler.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

__all__ = ["UNSET", "RouteDeclaration"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteDeclaration:
    """One method of one path, as the user declared it."""

    method: str
    """Upper-case HTTP method."""
    path: str
    """The full path, every prefix included: `/api/users/{user_id}`."""
    handler: Callable[..., Any]
    name: str | None = None
    status_code: int | None = None
    """Status of a plain return value; `None` means 200."""
    response_model: Any = UNSET
    """Type of the body; `UNSET` leaves it to the return annotation, `None` means no schema."""
    validate_response: bool = True
    summary: str | None = None
    description: str | None = None
    tags: Sequence[str] = ()
    operation_id: str | None = None
    deprecated: bool = False
    include_in_schema: bool = True
    inline: bool = False
    """True: a plain function runs on the worker's own thread, not in its pool."""
    shield: bool = False
    """True: not cancelled when the client is gone."""
    max_body: int | None = None
    """Largest body in bytes; `None` leaves it to the server."""
    timeout: float | None = None
    """Seconds after which the handler is cancelled; 0: never; `None` leaves it to the server."""
    auth: tuple[Any, ...] | None = None
    """Authentication backends, asked in turn; `None` leaves them to the settings."""
    guards: tuple[Any, ...] = ()
    """What the client must be, in turn."""
    middleware: tuple[Any, ...] = ()
    """Middleware, the outermost first: the application's, the routers', the route's."""
    skipped: frozenset[str] = frozenset()
    """Names of middleware that the route does without; `*` for all."""
    django_middleware: Any = None
    """Django's middleware around the route, as the application has it."""
