"""Tokens for a user: made, renewed, and taken back.

What is remembered of tokens is the store's (`stores`), how they are signed is `signing`'s.
"""

from __future__ import annotations

import dataclasses
import math
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.utils.crypto import constant_time_compare

from django_bolt.auth.signing import InvalidToken, is_symmetric, read, sign
from django_bolt.auth.stores import TokenStore, token_store
from django_bolt.conf.jwt import JWTSettings, jwt_settings
from django_bolt.orm.entry import run_blocking

__all__ = [
    "TokenPair",
    "check_revoked",
    "create_jwt_for_user",
    "create_token_pair",
    "decode_refresh_token",
    "revoke_all_for_user",
    "revoke_family",
    "revoke_token",
    "rotate_refresh_token",
]

Key = str | bytes
Lifetime = float | timedelta
Claims = Mapping[str, Any]
OWN = frozenset({"exp", "fam", "iat", "iat_us", "jti", "pwd", "sub", "type"})
"""Claims that are not the caller's to choose."""


class TokenPair(msgspec.Struct, frozen=True, kw_only=True):
    """What a client gets: a token for its requests, and one for the next pair."""

    access_token: str
    refresh_token: str
    token_type: str = "Bearer"  # noqa: S105  # no secret
    expires_in: int
    """Seconds that the access token lives."""

    def __repr__(self) -> str:
        return f"TokenPair(expires_in={self.expires_in})"


def create_jwt_for_user(
    user: Any,
    *,
    secret: Key | None = None,
    algorithm: str | None = None,
    expires_in: Lifetime | None = None,
    extra_claims: Claims | None = None,
) -> str:
    """Return an access token for a user, with `sub iat iat_us exp jti type is_staff is_superuser`.

    - `secret`: a secret, or a private key in PEM; `JWT_PRIVATE_KEY`, `JWT_SECRET_KEY`, then `SECRET_KEY`, unless given.
    - `algorithm`: `JWT_ALGORITHM`, then HS256, unless given.
    - `expires_in`: seconds, or a timedelta; `JWT_EXPIRATION`, then an hour, unless given.
    - `extra_claims`: further claims, such as `permissions`, `roles`, `aud`, `iss`.

    What the claims say of a user holds until the token expires.
    """
    signing = _signing(secret, algorithm)
    return _access(user, signing, _seconds(expires_in, signing.expiration), extra_claims, time.time())


def create_token_pair(
    user: Any,
    *,
    secret: Key | None = None,
    algorithm: str | None = None,
    expires_in: Lifetime | None = None,
    refresh_expires_in: Lifetime | None = None,
    absolute_lifetime: Lifetime | None = None,
    extra_claims: Claims | None = None,
) -> TokenPair:
    """Return an access token and a refresh token for a user, the first of a new family (the claim `fam` of both).

    `refresh_expires_in` is `JWT_REFRESH_EXPIRATION`, then seven days, unless given; everything else as for
    `create_jwt_for_user`. `extra_claims` are the access token's. `absolute_lifetime`: neither token lives longer; as
    `rotate_refresh_token` has it.
    """
    lives = _lives(_signing(secret, algorithm), expires_in, refresh_expires_in, absolute_lifetime)
    now = time.time()
    return _pair(user, lives, _Login(secrets.token_urlsafe(16), math.floor(now)), extra_claims, now)


async def rotate_refresh_token(
    token: str,
    *,
    secret: Key | None = None,
    public_key: Key | None = None,
    algorithm: str | None = None,
    expires_in: Lifetime | None = None,
    refresh_expires_in: Lifetime | None = None,
    absolute_lifetime: Lifetime | None = None,
    extra_claims: Claims | Callable[[Any], Claims] | None = None,
) -> TokenPair:
    """Use a refresh token up and return the next pair of its family.

    `extra_claims` may be a function of the user, which may ask the database. `public_key` goes with a `secret` that is
    a private key. `absolute_lifetime`: how long after its login (the claim `auth_time`) no token of a family counts any
    more, however often it was renewed; None: there is no such end.

    Raises `InvalidToken` (401) for a token that does not count: expired, forged, revoked, of a user who is gone or
    inactive or has another password by now. One that was used before revokes its whole family, for then two have it and
    one is a thief. Of two uses at once one at most gets a pair, which does not count either.
    """
    store = _store()
    lives = _lives(_signing(secret, algorithm), expires_in, refresh_expires_in, absolute_lifetime)
    # Before anything is looked up: what is revoked from now on revokes the pair as well.
    now = time.time()
    claims = decode_refresh_token(token, secret=public_key or secret, algorithm=algorithm)
    login = _Login.of(claims)
    if login.left(lives, now) <= 0:
        raise InvalidToken
    if not await store.consume(claims):
        await _revoke_family(store, claims)
        raise InvalidToken
    await check_revoked({name: value for name, value in claims.items() if name != "jti"})
    user, extra = await run_blocking(_renewed, claims, extra_claims)
    return _pair(user, lives, login, extra, now)


def decode_refresh_token(token: str, *, secret: Key | None = None, algorithm: str | None = None) -> dict[str, Any]:
    """Return the claims of a refresh token; raises `InvalidToken` (401). Whether it was revoked is not asked.

    `secret` is a secret, or a public key in PEM; `JWT_SECRET_KEY`, then `SECRET_KEY` and its fallbacks, unless given.
    """
    settings = jwt_settings()
    keys = (settings.secret, *settings.fallbacks) if secret is None else (secret,)
    claims = read(token, keys, algorithm or settings.algorithm)
    complete = all(isinstance(claims.get(name), str) for name in ("sub", "jti", "fam"))
    if claims.get("type") != "refresh" or not complete:
        raise InvalidToken
    return claims


async def check_revoked(claims: Claims) -> None:
    """Raise `InvalidToken` (401) where a token with these claims was revoked."""
    if await _store().is_revoked(claims):
        raise InvalidToken


async def revoke_token(claims: Claims) -> None:
    """Revoke one token, by its claims, until it expires; `request.context["claims"]` are those of the request's."""
    await _store().revoke(claims)


async def revoke_family(claims: Claims) -> None:
    """Revoke all tokens that came from one login, by the claims of any of them; it alone where it has no `fam`."""
    store = _store()
    if claims.get("fam") is None:
        await store.revoke(claims)
    else:
        await _revoke_family(store, claims)


async def revoke_all_for_user(user: Any) -> None:
    """Revoke every token that a user, or the user with this id, was given before now."""
    await _store().revoke_user(getattr(user, "pk", user))


async def _revoke_family(store: TokenStore, claims: Claims) -> None:
    settings = jwt_settings()
    own = float(claims.get("exp") or 0) - float(claims.get("iat") or 0)
    # Its youngest token was made now and lives as long as this one, or as the settings say.
    await store.revoke_family(claims, lifetime=max(own, settings.refresh_expiration, settings.expiration))


@dataclass(frozen=True)
class _Lives:
    """How a pair is signed and how long each of it lives."""

    signing: JWTSettings
    access: float
    refresh: float
    login: float
    """How long all pairs of a login."""


def _lives(
    signing: JWTSettings, access: Lifetime | None, refresh: Lifetime | None, absolute: Lifetime | None
) -> _Lives:
    return _Lives(
        signing,
        _seconds(access, signing.expiration),
        _seconds(refresh, signing.refresh_expiration),
        _seconds(absolute, math.inf),
    )


@dataclass(frozen=True)
class _Login:
    """What the pairs of one login have in common."""

    family: str
    auth_time: float
    """When it was."""

    @classmethod
    def of(cls, claims: Claims) -> _Login:
        """Return that of a refresh token; one without `auth_time` counts from when it was issued."""
        when = claims.get("auth_time", claims.get("iat", 0))
        # No login was after the end of its tokens; NaN and infinity are no times either.
        if isinstance(when, bool) or not isinstance(when, int | float) or not 0 <= when <= claims["exp"]:
            raise InvalidToken
        return cls(claims["fam"], when)

    def left(self, lives: _Lives, now: float) -> float:
        """Return the seconds that it lasts from now on."""
        return self.auth_time + lives.login - now


def _signing(secret: Key | None, algorithm: str | None) -> JWTSettings:
    """Return the settings, with the key that signs as their secret."""
    settings = jwt_settings()
    algorithm = algorithm or settings.algorithm
    if secret is None:
        secret = settings.secret if is_symmetric(algorithm) else settings.private_key
    if secret is None:
        raise ImproperlyConfigured(
            f"found the algorithm {algorithm} and no private key, expected JWT_PRIVATE_KEY, in PEM, in the settings; "
            "JWT_SECRET_KEY is the public key, which checks"
        )
    return dataclasses.replace(settings, secret=secret, algorithm=algorithm)


def _seconds(given: Lifetime | None, default: float) -> float:
    if given is None:
        return default
    return given.total_seconds() if isinstance(given, timedelta) else given


def _pair(user: Any, lives: _Lives, login: _Login, extra: Claims | None, now: float) -> TokenPair:
    left = login.left(lives, now)
    access = min(lives.access, left)
    refresh = {
        **_basic(user, "refresh", min(lives.refresh, left), now),
        "fam": login.family,
        "auth_time": math.floor(login.auth_time),
    }
    if hasattr(user, "get_session_auth_hash"):
        refresh["pwd"] = user.get_session_auth_hash()
    return TokenPair(
        access_token=_access(user, lives.signing, access, extra, now, login.family),
        refresh_token=sign(refresh, lives.signing.secret, lives.signing.algorithm),
        expires_in=math.floor(access),
    )


def _access(
    user: Any, signing: JWTSettings, lifetime: float, extra: Claims | None, now: float, family: str | None = None
) -> str:
    if taken := OWN & set(extra or ()):
        raise ValueError(
            f"found {', '.join(sorted(taken))} in extra_claims, expected claims other than {', '.join(sorted(OWN))}; "
            "choose other names, and for exp pass expires_in="
        )
    claims = {
        **_basic(user, "access", lifetime, now),
        "is_staff": bool(getattr(user, "is_staff", False)),
        "is_superuser": bool(getattr(user, "is_superuser", False)),
        **(extra or {}),
    }
    if family is not None:
        claims["fam"] = family
    return sign(claims, signing.secret, signing.algorithm)


def _basic(user: Any, kind: str, lifetime: float, now: float) -> dict[str, Any]:
    if getattr(user, "pk", None) is None:
        raise ValueError(f"found {type(user).__name__} without a primary key, expected a saved user")
    return {
        "sub": str(user.pk),
        "iat": math.floor(now),
        # What was made in the second of a revocation is older or younger than that.
        "iat_us": math.floor(now * 1_000_000),
        "exp": math.ceil(now + lifetime),
        "jti": secrets.token_urlsafe(16),
        "type": kind,
    }


def _renewed(claims: Claims, extra: Claims | Callable[[Any], Claims] | None) -> tuple[Any, Claims | None]:
    """Return the user of a refresh token and its further claims."""
    user = _user_of(claims)
    return user, extra(user) if callable(extra) else extra


def _user_of(claims: Claims) -> Any:
    """Return the user of a refresh token; raises `InvalidToken` for one who may not have another."""
    try:
        user = get_user_model()._default_manager.filter(pk=claims["sub"]).first()
    except (ValueError, TypeError, OverflowError, ValidationError):
        user = None
    if user is None or not getattr(user, "is_active", True) or not _same_password(user, claims.get("pwd")):
        raise InvalidToken
    return user


def _same_password(user: Any, known: Any) -> bool:
    if not hasattr(user, "get_session_auth_hash"):
        return True
    hashes = [user.get_session_auth_hash()]
    if hasattr(user, "get_session_auth_fallback_hash"):
        hashes += user.get_session_auth_fallback_hash()
    return isinstance(known, str) and any([constant_time_compare(known, value) for value in hashes])


def _store() -> TokenStore:
    store = token_store()
    if store is None:
        raise ImproperlyConfigured(
            'found no TOKEN_STORE, expected "memory", "cache" or "database": tokens are revoked and renewed by it; '
            'write BOLT = {"TOKEN_STORE": "database"} and add "django_bolt.tokens" to INSTALLED_APPS'
        )
    return store
