"""Backends: how a client proves who it is.

Tokens and keys are checked by the server before any Python runs; here stands what they are checked against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

__all__ = [
    "APIKeyAuthentication",
    "APIKeyBearer",
    "AuthResult",
    "BaseAuth",
    "JWTAuthentication",
    "JWTBearer",
]


@dataclass(frozen=True, kw_only=True)
class AuthResult:
    """Who a backend found: a user, claims about it, or both; neither: nobody."""

    user: Any = None
    claims: Mapping[str, Any] | None = None


class BaseAuth:
    """Base of the project's own backends, in Python."""

    by_cookie: ClassVar[bool] = False
    """True: browsers bring the credential by themselves, so what changes something must bring a CSRF token as well."""

    async def authenticate(self, request: Any) -> AuthResult:
        """Return who sent the request; an empty `AuthResult` leaves it to the next backend."""
        raise NotImplementedError(f"{type(self).__name__} has no authenticate(self, request)")


@dataclass(frozen=True, kw_only=True)
class JWTAuthentication:
    """A signed token (RFC 7519), `Authorization: Bearer TOKEN`; the user's id is its `sub`.

    - `secret`: shared secret, or PEM public key; `settings.JWT_SECRET_KEY`, then `SECRET_KEY`, unless given.
    - `algorithms`: the only ones accepted; `settings.JWT_ALGORITHM`, then `HS256`, unless given.
    - `audience`, `issuer`: one or several, of which one must be in the token.
    - `leeway`: seconds by which clocks may differ.
    - `header`: field that holds it; `cookie`: cookie that holds it.
    """

    secret: str | bytes | None = field(default=None, repr=False)
    algorithms: Sequence[str] | None = None
    audience: str | Sequence[str] | None = None
    issuer: str | Sequence[str] | None = None
    leeway: int = 0
    header: str | None = "Authorization"
    cookie: str | None = None


@dataclass(frozen=True, kw_only=True)
class APIKeyAuthentication:
    """A key from a fixed set; `BOLT["API_KEYS"]` unless given. Without any key nobody passes."""

    api_keys: Sequence[str] | None = field(default=None, repr=False)
    header: str = "X-API-Key"


def JWTBearer(secret_key: str | None = None) -> JWTAuthentication:  # noqa: N802  # a class to those who call it
    """Return `JWTAuthentication(secret=secret_key)`."""
    return JWTAuthentication(secret=secret_key)


def APIKeyBearer() -> APIKeyAuthentication:  # noqa: N802  # as above
    """Return `APIKeyAuthentication()`."""
    return APIKeyAuthentication()
