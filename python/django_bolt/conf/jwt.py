"""What the project's `JWT_*` settings say of tokens, read when asked for and never kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.conf import settings

__all__ = ["JWTSettings", "jwt_settings"]


@dataclass(frozen=True, kw_only=True)
class JWTSettings:
    """How tokens are signed and how long they live."""

    secret: str | bytes = field(repr=False)
    """What tokens are checked with: `JWT_SECRET_KEY`, a secret or a public key, else `SECRET_KEY`."""
    fallbacks: tuple[str | bytes, ...] = field(repr=False)
    """`SECRET_KEY_FALLBACKS`, where `SECRET_KEY` is the secret."""
    private_key: str | bytes | None = field(repr=False)
    """`JWT_PRIVATE_KEY`: what they are signed with, where that is not the secret."""
    algorithm: str
    """`JWT_ALGORITHM`, else HS256."""
    expiration: float
    """Seconds an access token lives: `JWT_EXPIRATION`, else an hour."""
    refresh_expiration: float
    """Seconds a refresh token lives: `JWT_REFRESH_EXPIRATION`, else seven days."""


def jwt_settings() -> JWTSettings:
    """Return what the settings say now."""
    own = getattr(settings, "JWT_SECRET_KEY", None)
    return JWTSettings(
        secret=own or settings.SECRET_KEY,
        fallbacks=() if own else tuple(settings.SECRET_KEY_FALLBACKS),
        private_key=getattr(settings, "JWT_PRIVATE_KEY", None),
        algorithm=getattr(settings, "JWT_ALGORITHM", None) or "HS256",
        expiration=getattr(settings, "JWT_EXPIRATION", None) or 3600,
        refresh_expiration=getattr(settings, "JWT_REFRESH_EXPIRATION", None) or 7 * 24 * 3600,
    )
