"""Whether sessions that are to authenticate clients can, and whether those clients are given CSRF tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.module_loading import import_string

from django_bolt.auth.sessions import SessionAuthentication, session_problem
from django_bolt.checks.finding import Finding
from django_bolt.conf import Configuration


def find_session_problems(configuration: Configuration) -> Iterator[Finding]:
    """Yield what is wrong where `AUTHENTICATION` names `SessionAuthentication`."""
    if not any(is_a(named, SessionAuthentication) for named in configuration.authentication or ()):
        return
    problem = session_problem()
    if problem is not None:
        yield Finding("E018", f"AUTHENTICATION: {problem.message}", problem.fix)
    if not any(is_a(path, CsrfViewMiddleware) for path in settings.MIDDLEWARE):
        yield Finding(
            "W015",
            "found SessionAuthentication in AUTHENTICATION and no CsrfViewMiddleware in MIDDLEWARE, so nobody is "
            "given the token that every POST of a session needs",
            'add "django.middleware.csrf.CsrfViewMiddleware" to MIDDLEWARE',
        )


def is_a(named: Any, kind: type) -> bool:
    """Tell whether an instance, a class or its dotted path is of a kind; what cannot be imported is not."""
    if isinstance(named, str):
        try:
            named = import_string(named)
        except ImportError:
            return False
    return issubclass(named if isinstance(named, type) else type(named), kind)
