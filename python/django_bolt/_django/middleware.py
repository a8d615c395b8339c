"""Which of Django's middleware an application declares: `django_middleware=...` → factories, the outermost first.

Nothing here makes or runs one (`chain` does).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.module_loading import import_string

from django_bolt._plan.errors import PlanError

__all__ = ["Declared", "declared_middleware"]

Factory = Callable[[Any], Any]

_EXPECTED = (
    "expected True (settings.MIDDLEWARE), a list of classes or dotted paths, "
    'or {"include": [...]} or {"exclude": [...]} of settings.MIDDLEWARE'
)


class Declared(NamedTuple):
    """A middleware class, or a function that makes one, and its dotted path."""

    path: str
    factory: Factory


def declared_middleware(declared: Any) -> tuple[Declared, ...]:
    """Return what `django_middleware` names; nothing for None and False.

    Raises `PlanError` for anything else than it may be, a path that leads nowhere, and a name that
    `settings.MIDDLEWARE` does not have.
    """
    if declared is None or declared is False:
        return ()
    if declared is True:
        return tuple(map(_load, settings.MIDDLEWARE))
    if isinstance(declared, Mapping):
        return _filtered(declared)
    return tuple(map(_load, _listed(declared, "")))


def _filtered(declared: Mapping[Any, Any]) -> tuple[Declared, ...]:
    if len(declared) != 1 or not declared.keys() <= {"include", "exclude"}:
        keys = ", ".join(map(repr, declared)) or "none"
        raise PlanError(f'django_middleware: found the keys {keys}; expected one of "include" and "exclude"')
    (key, names), *_ = declared.items()
    named = {_path_of(name) for name in _listed(names, f"[{key!r}]")}
    configured = list(settings.MIDDLEWARE)
    if strangers := sorted(named.difference(configured)):
        known = ", ".join(configured) or "nothing"
        raise PlanError(
            f"django_middleware[{key!r}]: {strangers[0]!r} is not in settings.MIDDLEWARE, which has {known}; "
            "correct the path, or list the classes themselves"
        )
    return tuple(_load(path) for path in configured if (path in named) is (key == "include"))


def _listed(names: Any, where: str) -> Sequence[Any]:
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise PlanError(f"django_middleware{where}={names!r}: found {type(names).__name__}, {_EXPECTED}")
    return names


def _path_of(name: Any) -> str:
    return name if isinstance(name, str) else f"{name.__module__}.{name.__qualname__}"


def _load(name: Any) -> Declared:
    if isinstance(name, str):
        try:
            factory = import_string(name)
        except ImportError as error:
            raise PlanError(
                f"django_middleware: {name!r} leads nowhere ({error}); expected the dotted path of a middleware class"
            ) from error
    else:
        factory = name
    if not callable(factory) or inspect.ismodule(factory):
        raise PlanError(f"django_middleware: found {name!r}, expected a middleware class or its dotted path")
    if not hasattr(factory, "__qualname__"):
        raise PlanError(
            f"django_middleware: found {name!r}, an instance; expected its class: Django's takes get_response"
        )
    if not getattr(factory, "sync_capable", True) and not getattr(factory, "async_capable", False):
        raise PlanError(
            f"django_middleware: {_path_of(name)} is neither sync_capable nor async_capable; set one of them to True"
        )
    return Declared(_path_of(name), factory)
