"""The project's settings for Bolt: `settings.BOLT`, read when asked for and never kept.

Nothing here may start a server or register a check (`checks` does that with the problems found here).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple, get_args

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

__all__ = ["BridgeMode", "Configuration", "Problem", "debug_enabled", "extras_enabled", "find_problems", "load"]

BridgeMode = Literal["inline", "greenlet", "thread"]
"""How the ORM calls of a coroutine run: on the worker's thread, in a greenlet that waits in the loop, in a thread."""


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
    orm_bridge: BridgeMode | Mapping[str, BridgeMode] | Literal[False] | None = None
    """How coroutines reach the database: None picks by engine, a mode is for every alias, a dict for those it names;
    False leaves everything to asgiref's threads."""
    orm_extras: bool = True
    """Whether `await queryset`, `alist`, `get_or_404`, `aget_or_404` and `async with atomic()` are added to Django."""
    db_pool_size: int = 10
    """Connections that each worker keeps open to one database; 0 closes each one after its use."""
    db_pool_timeout: float = 30.0
    """Seconds that a query may wait for a connection before it is answered 503."""
    inline_limit_ms: float = 20.0
    """Milliseconds that an inline call may take before its route is moved to threads; 0 never moves one."""


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
    """What a setting may be."""

    accepts: Callable[[Any], bool]
    expected: str
    example: str = ""
    """A value to write; the default's where this is empty."""
    convert: Callable[[Any], Any] = lambda value: value
    """Makes an accepted value what `Configuration` holds."""


def _number(types: Any, least: float, most: float) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, types) and not isinstance(value, bool) and least <= value <= most


def _whole(least: int, most: int) -> _Rule:
    return _Rule(_number(int, least, most), f"a whole number from {least} to {most}")


def _amount(unit: str, most: int) -> _Rule:
    return _Rule(_number(int | float, 0, most), f"a number of {unit} from 0 to {most}", convert=float)


def _is_bridge(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(alias, str) and mode in _MODES for alias, mode in value.items())
    return value is None or value is False or value in _MODES


_MODES = get_args(BridgeMode)
_FLAG = _Rule(lambda value: isinstance(value, bool), "True or False")
_RULES = {
    "host": _Rule(lambda value: isinstance(value, str) and value != "", "an address as text", '"127.0.0.1"'),
    "port": _whole(0, 65535),
    "processes": _whole(1, 1024),
    "backlog": _Rule(_number(int, 1, 2**31 - 1), "a whole number of at least 1"),
    "keep_alive": _amount("seconds", 86400),
    "debug": _Rule(lambda value: value is None or isinstance(value, bool), "True or False", "False"),
    "emit_signals": _FLAG,
    "threads": _whole(1, 1024),
    "threads_queue": _whole(0, 1_000_000),
    "orm_bridge": _Rule(
        _is_bridge,
        f"one of {', '.join(map(repr, _MODES))}, a dict of them by database alias, None (by engine) or False (off)",
        '{"default": "thread"}',
    ),
    "orm_extras": _FLAG,
    "db_pool_size": _whole(0, 10_000),
    "db_pool_timeout": _amount("seconds", 3600),
    "inline_limit_ms": _amount("milliseconds", 60_000),
}
_KNOWN = tuple(field.name for field in fields(Configuration))


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


def _peek(name: str) -> Any:
    """Return one setting as it was given, None where it was not, whatever is wrong with the others."""
    raw = getattr(settings, "BOLT", None)
    return _normalise(raw)[0].get(name) if isinstance(raw, Mapping) else None


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
    rule = _RULES[name]
    if rule.accepts(value):
        return None
    fix = f'write e.g. "{name.upper()}": {rule.example or getattr(Configuration, name)}'
    return Problem("value", f"found {name.upper()}={value!r}, expected {rule.expected}", fix)
