"""What is wrong with what tokens and keys are checked with: settings and backends. No finding shows a secret."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from django_bolt import conf
from django_bolt._plan.errors import PlanError
from django_bolt._runtime.backends import is_pem, key_and_algorithms
from django_bolt._runtime.declared import configured_backends
from django_bolt.auth.backends import JWTAuthentication
from django_bolt.auth.signing import ALGORITHMS
from django_bolt.checks.finding import Finding
from django_bolt.conf.jwt import jwt_settings

HASHES = {"HS256": 32, "HS384": 48, "HS512": 64}
"""Bytes of what each algorithm computes; a secret of fewer is what is guessed first (RFC 7518, 3.2)."""
SHORT_KEY = 16
"""Characters; fewer can be tried one by one."""
FEW = 5
"""Characters that differ; fewer are a pattern."""
NEW_SECRET = "make one with secrets.token_urlsafe(64)"  # noqa: S105  # how to make one


def find_credential_problems(configuration: conf.Configuration) -> Iterator[Finding]:
    """Yield what cannot be used, and what can be guessed."""
    broken = list(_values())
    yield from broken
    if not broken:
        yield from _secrets(configuration)
    yield from find_short_keys("API_KEYS", configuration.api_keys)


def find_credential_risks(configuration: conf.Configuration) -> Iterator[Finding]:
    """Yield what is fine while developing: a secret that is known to others."""
    secret = getattr(settings, "JWT_SECRET_KEY", None)
    if isinstance(secret, str | bytes):
        yield from find_known("JWT_SECRET_KEY", secret)
    for backend in _configured(configuration):
        if isinstance(backend, JWTAuthentication) and backend.secret is not None:
            yield from find_known("secret in AUTHENTICATION", backend.secret)


def find_known(what: str, secret: str | bytes) -> Iterator[Finding]:
    """Yield a secret that others know, or need not know."""
    text = secret.decode("latin-1") if isinstance(secret, bytes) else secret
    if text and (text.startswith("django-insecure-") or len(set(text)) < FEW):
        yield Finding(
            "W028",
            f"found a {what} that was made for development, so whoever knows it can be anybody",
            f"{NEW_SECRET}, and keep it out of the repository",
        )


def find_guessable(where: str, backend: JWTAuthentication) -> Iterator[Finding]:
    """Yield a backend's secret that is too short for its algorithms: its own, or the settings' beside its own ones."""
    key, algorithms = key_and_algorithms(backend)
    if key is None or (backend.secret is None and backend.algorithms is None):
        # Public keys; or what the settings say, which are checked by themselves.
        return
    yield from _short(where, backend.secret or jwt_settings().secret, algorithms or ["HS256"])


def find_short_keys(where: str, keys: Collection[str] | Mapping[str, str]) -> Iterator[Finding]:
    """Yield keys of clients that can be tried one by one."""
    values = keys.values() if isinstance(keys, Mapping) else keys
    if short := [key for key in values if len(key) < SHORT_KEY]:
        yield Finding(
            "W010",
            f"found {len(short)} keys of fewer than {SHORT_KEY} characters in {where}, which can be guessed",
            "make keys with secrets.token_urlsafe(32)",
        )


def _values() -> Iterator[Finding]:
    secret: Any = getattr(settings, "JWT_SECRET_KEY", None)
    algorithm: Any = getattr(settings, "JWT_ALGORITHM", None) or "HS256"
    if secret is not None and not isinstance(secret, str | bytes):
        yield Finding(
            "E013",
            f"found JWT_SECRET_KEY of the type {type(secret).__name__}, expected str or bytes",
            "give a secret, or a PEM public key",
        )
    elif algorithm not in ALGORITHMS:
        yield Finding(
            "E013",
            f"found JWT_ALGORITHM={algorithm!r}, expected one of {', '.join(sorted(ALGORITHMS))}",
            "correct it, or drop it for HS256",
        )
    elif secret and is_pem(secret) == algorithm.startswith("HS"):
        kind = "a PEM key" if is_pem(secret) else "a secret"
        yield Finding(
            "E013",
            f"found JWT_ALGORITHM={algorithm!r} with {kind} in JWT_SECRET_KEY, which do not go together",
            "HS256 and its like take a secret; RS256, ES256, EdDSA and their like take the PEM public key",
        )
    for name in ("JWT_EXPIRATION", "JWT_REFRESH_EXPIRATION"):
        seconds: Any = getattr(settings, name, None)
        if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0):
            yield Finding(
                "E013", f"found {name}={seconds!r}, expected a number of seconds above 0", f"write e.g. {name} = 3600"
            )


def _secrets(configuration: conf.Configuration) -> Iterator[Finding]:
    try:
        found = jwt_settings()
    except ImproperlyConfigured:
        # No SECRET_KEY: Django tells of that.
        return
    name = "JWT_SECRET_KEY" if getattr(settings, "JWT_SECRET_KEY", None) else "SECRET_KEY"
    yield from _short(name, found.secret, [found.algorithm])
    for backend in _configured(configuration):
        if isinstance(backend, JWTAuthentication):
            yield from find_guessable("AUTHENTICATION", backend)


def _configured(configuration: conf.Configuration) -> Iterator[Any]:
    for item in configuration.authentication or ():
        # E014 tells of what is no backend.
        with contextlib.suppress(PlanError):
            yield from configured_backends([item])


def _short(where: str, secret: str | bytes, algorithms: Any) -> Iterator[Finding]:
    size = len(secret if isinstance(secret, bytes) else secret.encode())
    wanted = max((HASHES.get(algorithm, 0) for algorithm in algorithms), default=0)
    if not is_pem(secret) and size < wanted:
        yield Finding(
            "W009",
            f"found a secret of {size} bytes in {where}, expected at least the {wanted} of its algorithm's hash",
            NEW_SECRET,
        )
