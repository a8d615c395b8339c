"""The project's settings for Bolt: `settings.BOLT`, read when asked for and never kept.

Nothing here may start a server or register a check (`checks` does that with the problems found here).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from django_bolt.conf.configuration import BridgeMode, Configuration
from django_bolt.conf.problem import Problem
from django_bolt.conf.rules import Rule

__all__ = [
    "BridgeMode",
    "Configuration",
    "Problem",
    "compiled_queries_enabled",
    "debug_enabled",
    "extras_enabled",
    "find_problems",
    "load",
]


_RULES: dict[str, Rule] = {field.name: field.metadata["rule"] for field in fields(Configuration)}


def load() -> Configuration:
    """Return the configuration; raises `ImproperlyConfigured` naming everything that is wrong."""
    raw = getattr(settings, "BOLT", None)
    problems = find_problems(raw)
    if problems:
        raise ImproperlyConfigured("settings.BOLT: " + " | ".join(map(str, problems)))
    values, _ = _normalise(raw or {})
    return Configuration(**{name: _RULES[name].convert(value) for name, value in values.items()})


def debug_enabled() -> bool:
    """Return whether errors are shown in full: `BOLT["DEBUG"]` where given, else `settings.DEBUG`."""
    if not settings.configured:
        return False
    debug = _peek("debug")
    return bool(settings.DEBUG if debug is None else debug)


def extras_enabled() -> bool:
    """Return whether `BOLT["ORM_EXTRAS"]` is on; what else is wrong in the settings is left to the system checks."""
    return _peek("orm_extras") is not False


def compiled_queries_enabled() -> bool:
    """Return whether `BOLT["COMPILED_QUERIES"]` is on."""
    return _peek("compiled_queries") is not False


def _peek(name: str) -> Any:
    """Return one setting as it was given, None where it was not, whatever is wrong with the others."""
    raw = getattr(settings, "BOLT", None)
    return _normalise(raw)[0].get(name) if isinstance(raw, Mapping) else None


def find_problems(raw: Any) -> list[Problem]:
    """Return what is wrong with the value of `settings.BOLT` (None: not set, nothing wrong)."""
    if raw is None:
        return []
    if not isinstance(raw, Mapping):
        return [Problem(f"found {type(raw).__name__}, expected a dict", 'write BOLT = {"PORT": 8000}')]
    values, problems = _normalise(raw)
    for name, value in values.items():
        problem = _check(name, value)
        if problem:
            problems.append(problem)
    return problems


def _normalise(raw: Mapping[Any, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Return the values under the names of `Configuration`, and the problems of the keys themselves."""
    values: dict[str, Any] = {}
    spelled: dict[str, str] = {}
    problems: list[Problem] = []
    for key, value in raw.items():
        name = key.lower() if isinstance(key, str) else ""
        name = "processes" if name == "workers" else name
        if name not in _RULES:
            known = " ".join(sorted([*(word.upper() for word in _RULES), "WORKERS"]))
            problems.append(Problem(f"found the key {key!r}, expected one of {known}", "correct or drop it", "unknown"))
        elif name in values and values[name] != value:
            problems.append(
                Problem(
                    f"found {spelled[name]}={values[name]!r} and {key}={value!r}, expected one value for one setting",
                    f"keep one of {spelled[name]} and {key}",
                    "disagree",
                )
            )
        else:
            values[name], spelled[name] = value, key
    return values, problems


def _check(name: str, value: Any) -> Problem | None:
    rule = _RULES[name]
    if rule.accepts(value):
        return None
    fix = f'write e.g. "{name.upper()}": {rule.example or getattr(Configuration, name)}'
    return Problem(f"found {name.upper()}={value!r}, expected {rule.expected}", fix)
