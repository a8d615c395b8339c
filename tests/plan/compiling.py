"""What every test of the plan needs: a handler compiled as a decorator would have it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django_bolt._plan.compile import Route, compile_route
from django_bolt._plan.declaration import RouteDeclaration


def compiled(handler: Callable[..., Any], method: str = "GET", path: str = "/", **options: Any) -> Route:
    """Return the route of a handler."""
    return compile_route(RouteDeclaration(method=method, path=path, handler=handler, **options))
