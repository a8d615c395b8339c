"""Handlers that hand tokens out and take them back, and the opt-in app with the table of those that no longer count.

Loaded when asked for: Django imports this package before there are models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django_bolt.tokens.router import AccessToken, Credentials, RefreshCookie, RefreshToken, token_router

__all__ = ["AccessToken", "Credentials", "RefreshCookie", "RefreshToken", "token_router"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from django_bolt.tokens import router  # noqa: PLC0415  # as said above

        return getattr(router, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
