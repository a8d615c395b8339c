"""Which bridge each database gets: the setting `BOLT["ORM_BRIDGE"]`, and what fits the engine.

Nothing here may open a connection or run a query.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.utils import load_backend

from django_bolt import conf
from django_bolt.conf import BridgeMode, Problem

__all__ = ["find_problems", "modes"]

Choice = BridgeMode | Mapping[str, BridgeMode] | Literal[False] | None

# By the module that defines the engine's DatabaseWrapper, so that what derives from one (PostGIS, SpatiaLite, wrappers
# that count or trace) is known as well; the first is the default.
_FITTING: dict[str, tuple[BridgeMode, ...]] = {
    "django.db.backends.sqlite3.base": ("inline", "thread"),
    "django.db.backends.postgresql.base": ("greenlet", "thread"),
}
_OTHERS: tuple[BridgeMode, ...] = ("thread",)


def modes() -> dict[str, BridgeMode]:
    """Return the mode of every alias in `DATABASES`, none where `BOLT["ORM_BRIDGE"]` is False.

    Raises `ImproperlyConfigured` naming every alias that does not exist and every mode that does not fit its engine.
    """
    choice = conf.load().orm_bridge
    if choice is False:
        return {}
    problems = find_problems(choice)
    if problems:
        raise ImproperlyConfigured("settings.BOLT: " + " | ".join(map(str, problems)))
    chosen = _by_alias(choice)
    return {alias: chosen.get(alias) or _fitting(alias)[0] for alias in connections.settings}


def find_problems(choice: Choice) -> list[Problem]:
    """Return what is wrong with a value of `ORM_BRIDGE` (one that `conf` accepts) for the project's databases."""
    problems = []
    for alias, mode in _by_alias(choice).items():
        if alias not in connections.settings:
            known = ", ".join(map(repr, connections.settings))
            message = f"found the alias {alias!r} in ORM_BRIDGE, expected one of DATABASES: {known}"
            problems.append(Problem(message, "correct or drop it", "bridge"))
        elif mode not in (fitting := _fitting(alias)):
            engine = connections.settings[alias]["ENGINE"]
            expected = " or ".join(map(repr, fitting))
            message = f"found ORM_BRIDGE {mode!r} for {alias!r}, whose engine is {engine}, expected {expected}"
            fix = "leave the alias out for the default; 'inline' needs SQLite, 'greenlet' PostgreSQL with psycopg 3"
            problems.append(Problem(message, fix, "bridge"))
    return problems


def _by_alias(choice: Choice) -> Mapping[str, BridgeMode]:
    if isinstance(choice, Mapping):
        return choice
    return dict.fromkeys(connections.settings, choice) if choice else {}


def _fitting(alias: str) -> tuple[BridgeMode, ...]:
    """Return the modes that fit an alias's engine, the default first."""
    try:
        wrapper = load_backend(connections.settings[alias]["ENGINE"]).DatabaseWrapper
    except (ImproperlyConfigured, ImportError):
        # A driver that is missing is Django's to report, when the alias is first used.
        return _OTHERS
    for base in wrapper.__mro__:
        if base.__module__ in _FITTING:
            fitting = _FITTING[base.__module__]
            return fitting if "greenlet" not in fitting or _has_psycopg3() else _OTHERS
    return _OTHERS


def _has_psycopg3() -> bool:
    from django.db.backends.postgresql.psycopg_any import is_psycopg3  # noqa: PLC0415  # it imports the driver

    return is_psycopg3
