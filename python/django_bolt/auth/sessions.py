"""The session as a credential: whoever is logged in with Django's session.

Nothing here may change a session, and nothing here checks where a request comes from (`_django.csrf` does).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import SimpleNamespace
from typing import Any, ClassVar

from django.apps import apps
from django.conf import settings
from django.contrib import auth

from django_bolt.auth.backends import AuthResult, BaseAuth
from django_bolt.conf import Problem
from django_bolt.orm.entry import run_blocking

__all__ = ["SessionAuthentication", "StoredSession", "stored_session"]


STORED_IN_DATABASE = frozenset({"django.contrib.sessions.backends.db", "django.contrib.sessions.backends.cached_db"})
"""Engines that need the table of `django.contrib.sessions`."""


class SessionAuthentication(BaseAuth):
    """Whoever is logged in with Django's session.

    Behind Django's session and authentication middleware (`django_middleware`) it is their user. Elsewhere the session
    that the cookie names is read as it is stored, and neither changed nor renewed: no cookie is set.
    """

    by_cookie: ClassVar[bool] = True

    async def authenticate(self, request: Any) -> AuthResult:
        """Return the user whose session this is; a session that is unknown, expired or forged is nobody's."""
        if is_nobody(request.django_request):
            return AuthResult()
        return await run_blocking(self.authenticate_now, request)  # type: ignore[no-any-return]

    def authenticate_now(self, request: Any) -> AuthResult:
        """Return the same to code that cannot wait; asks the database."""
        http = request.django_request
        return AuthResult(user=None if is_nobody(http) else logged_in(http))


def is_nobody(django_request: Any) -> bool:
    """Tell whether there is nothing to look at: neither a user nor a session's key that a database can be asked for."""
    key = django_request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    return "\0" in key if key is not None else not hasattr(django_request, "user")


def logged_in(django_request: Any) -> Any:
    """Return who is logged in, or None; asks the database."""
    user = getattr(django_request, "user", None)
    if user is None:
        session = getattr(django_request, "session", None) or stored_session(django_request)
        user = auth.get_user(SimpleNamespace(session=session))  # type: ignore[arg-type]  # all that it reads
    return user if user.is_authenticated else None


def session_problem() -> Problem | None:
    """Return why sessions let nobody in: an app that is not installed."""
    wanted = ["django.contrib.auth"]
    if settings.SESSION_ENGINE in STORED_IN_DATABASE:
        wanted.append("django.contrib.sessions")
    for name in wanted:
        if not apps.is_installed(name):
            return Problem(
                f"found SessionAuthentication and no {name!r} in INSTALLED_APPS, expected the app that sessions are "
                "kept with",
                f'add "{name}" to INSTALLED_APPS and run manage.py migrate',
            )
    return None


def stored_session(django_request: Any) -> StoredSession:
    """Return the session that a request's cookie names, to be read."""
    engine: Any = import_module(settings.SESSION_ENGINE)
    return StoredSession(engine.SessionStore(django_request.COOKIES.get(settings.SESSION_COOKIE_NAME)))


class StoredSession(Mapping[str, Any]):
    """A session as it is stored. Django clears one that does not fit its user any more: here it stays as it is."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getitem__(self, key: str) -> Any:
        return self._store[key]

    def __iter__(self) -> Any:
        return iter(self._store.keys())

    def __len__(self) -> int:
        return len(self._store.keys())

    def __setitem__(self, key: str, value: Any) -> None:
        """Leave the session as it is: an answer without a cookie could not tell of its new key."""

    def cycle_key(self) -> None:
        """As above."""

    def flush(self) -> None:
        """As above."""
