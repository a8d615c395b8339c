"""The project's settings for Bolt: `settings.BOLT`, read when asked for and never kept.

Nothing here may start a server or register a check (`checks` does that with the problems found here).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

__all__ = ["Configuration", "Problem", "debug_enabled", "find_problems", "load"]


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What `settings.BOLT` says, with defaults for what it leaves out."""

    host: str = "0.0.0.0"  # noqa: S104  # the documented default: a server is to be reached
    """Address to listen on."""
    port: int = 8000
    """TCP port, 0–65535; 0 lets the system choose."""
    processes: int = 1
    """Worker processes (`WORKERS` is the same thing)."""
    backlog: int = 2048
    """Connections the kernel may hold before they are accepted."""
    keep_alive: float = 75.0
    """Seconds an idle connection is kept open; 0 closes after each response."""
    debug: bool | None = None
    """Whether error pages show tracebacks; None: as `settings.DEBUG`."""
    emit_signals: bool = False
    """Whether Django's request_started and request_finished are sent for API routes."""
    threads: int = 10
    """Threads for `def` handlers, in each worker."""
    threads_queue: int = 1000
    """Calls that may wait for such a thread; more are answered 503."""


class Problem(NamedTuple):
    """One thing wrong in `settings.BOLT`."""

    kind: str
    """`unknown`, `disagree` or `value`."""
    message: str
    """What was found and what was expected."""
    fix: str
    """How to mend it."""

    def __str__(self) -> str:
        return f"{self.message}; {self.fix}"


class _Rule(NamedTuple):
    """What a number setting may be."""

    least: float
    most: float
    expected: str
    fractions: bool = False


_NUMBERS = {
    "port": _Rule(0, 65535, "a whole number from 0 to 65535"),
    "processes": _Rule(1, 1024, "a whole number from 1 to 1024"),
    "backlog": _Rule(1, 2**31 - 1, "a whole number of at least 1"),
    "keep_alive": _Rule(0, 86400, "a number of seconds from 0 to 86400", fractions=True),
    "threads": _Rule(1, 1024, "a whole number from 1 to 1024"),
    "threads_queue": _Rule(0, 1_000_000, "a whole number from 0 to 1000000"),
}
_FLAGS = ("debug", "emit_signals")
_KNOWN = tuple(field.name for field in fields(Configuration))


def load() -> Configuration:
    """Return the configuration; raises `ImproperlyConfigured` naming everything that is wrong."""
    raw = getattr(settings, "BOLT", None)
    problems = find_problems(raw)
    if problems:
        raise ImproperlyConfigured("settings.BOLT: " + " | ".join(map(str, problems)))
    values, _ = _normalise(raw or {})
    if "keep_alive" in values:
        values["keep_alive"] = float(values["keep_alive"])
    return Configuration(**values)


def debug_enabled() -> bool:
    """Return whether errors are shown in full: `BOLT["DEBUG"]` where given, else `settings.DEBUG`."""
    if not settings.configured:
        return False
    raw = getattr(settings, "BOLT", None)
    debug = _normalise(raw)[0].get("debug") if isinstance(raw, Mapping) else None
    return bool(settings.DEBUG if debug is None else debug)


def find_problems(raw: Any) -> list[Problem]:
    """Return what is wrong with the value of `settings.BOLT` (None: not set, nothing wrong)."""
    if raw is None:
        return []
    if not isinstance(raw, Mapping):
        return [Problem("value", f"found {type(raw).__name__}, expected a dict", 'write BOLT = {"PORT": 8000}')]
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
        if name not in _KNOWN:
            known = " ".join(sorted([*(word.upper() for word in _KNOWN), "WORKERS"]))
            problems.append(Problem("unknown", f"found the key {key!r}, expected one of {known}", "correct or drop it"))
        elif name in values and values[name] != value:
            problems.append(
                Problem(
                    "disagree",
                    f"found {spelled[name]}={values[name]!r} and {key}={value!r}, expected one value for one setting",
                    f"keep one of {spelled[name]} and {key}",
                )
            )
        else:
            values[name], spelled[name] = value, key
    return values, problems


def _check(name: str, value: Any) -> Problem | None:
    if name == "host":
        good, expected, fix = isinstance(value, str) and value != "", "an address as text", '"HOST": "127.0.0.1"'
    elif name in _FLAGS:
        good, expected, fix = isinstance(value, bool), "True or False", f'"{name.upper()}": False'
        good = good or (name == "debug" and value is None)
    else:
        rule = _NUMBERS[name]
        types = int | float if rule.fractions else int
        good = isinstance(value, types) and not isinstance(value, bool) and rule.least <= value <= rule.most
        expected, fix = rule.expected, f'"{name.upper()}": {getattr(Configuration, name)}'
    if good:
        return None
    return Problem("value", f"found {name.upper()}={value!r}, expected {expected}", f"write e.g. {fix}")
