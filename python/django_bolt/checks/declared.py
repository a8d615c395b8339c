"""The checks of what the project's applications declare themselves, wherever it stands: secrets and CORS policies.

What is wrong with it is decided where the settings' own are checked; here it is only found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from django.conf import settings
from django.core import checks

from django_bolt import conf
from django_bolt._plan.errors import PlanError
from django_bolt.auth.backends import APIKeyAuthentication, JWTAuthentication
from django_bolt.checks.credentials import find_guessable, find_known, find_short_keys
from django_bolt.checks.everywhere import find_doubtful
from django_bolt.checks.finding import Finding, messages
from django_bolt.discovery import ImportFailed, NoAPIFound, discover
from django_bolt.middleware import CORSMiddleware

Kind = TypeVar("Kind")
Place = tuple[str, tuple[Any, ...]]
"""Where something is declared, in words, and what."""


def check_declared(app_configs: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return what is seldom meant in what applications declare (W009, W010, W016, W017).

    Says nothing while `check_settings` has errors.
    """
    if conf.find_problems(getattr(settings, "BOLT", None)):
        return []
    return messages([*find_declared_secrets(), *find_declared_policies()])


def find_declared_secrets() -> Iterator[Finding]:
    """Yield each secret of a declared backend that can be guessed."""
    for place, backend in distinct(backends(), JWTAuthentication):
        yield from at(place, find_guessable("JWTAuthentication", backend))
    for place, keys in distinct(backends(), APIKeyAuthentication):
        yield from at(place, find_short_keys("APIKeyAuthentication", keys.api_keys or ()))


def find_declared_risks() -> Iterator[Finding]:
    """Yield each secret of a declared backend that was made for development."""
    for place, backend in distinct(backends(), JWTAuthentication):
        yield from at(place, find_known("secret in JWTAuthentication", backend.secret or ""))


def find_declared_policies() -> Iterator[Finding]:
    """Yield what a declared CORS policy allows without anybody having meant it."""
    for place, policy in distinct(middleware(), CORSMiddleware):
        yield from find_doubtful(policy, f"{place}: CORSMiddleware")


def at(place: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield findings as those of a place."""
    return (finding._replace(where=place) for finding in findings)


def backends() -> Iterator[Place]:
    """Yield the backends of every route; those of the settings are checked there."""
    for method_and_path, declaration in routes():
        yield method_and_path, declaration.auth or ()


def middleware() -> Iterator[Place]:
    """Yield the middleware of every route, and of every application: it is also around what no route answers."""
    for method_and_path, declaration in routes():
        yield method_and_path, declaration.middleware
    for api in applications():
        for _, defaults in api.scopes():
            yield f"what is below {defaults.prefix or '/'}", defaults.middleware


def routes() -> Iterator[tuple[str, Any]]:
    """Yield every route's place and declaration, up to the first that is wrong: that is told when it is served."""
    for api in applications():
        try:
            for _, route in api.compile():
                yield f"{route.method} {route.path}", route.declaration
        except PlanError:
            return


def applications() -> list[Any]:
    """Return the project's applications; none where they cannot be imported: that is told when they are served."""
    try:
        return list(discover())
    except (NoAPIFound, ImportFailed, PlanError):
        return []


def distinct(places: Iterable[Place], kind: type[Kind]) -> Iterator[tuple[str, Kind]]:
    """Yield each thing of a kind once, with its places in words."""
    found: list[tuple[Kind, list[str]]] = []
    for place, items in places:
        for item in items:
            if not isinstance(item, kind):
                continue
            known = next((where for other, where in found if other == item), None)
            if known is None:
                found.append((item, [place]))
            elif place not in known:
                known.append(place)
    for item, where in found:
        others = f" and {len(where) - 1} more" if len(where) > 1 else ""
        yield f"{where[0]}{others}", item
