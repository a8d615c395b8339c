"""Backends and guards as they are declared: what is neither is refused where it stands, with what to write instead.

A class becomes an instance here, so that the routes below a declaration share it. Nothing here may know a request.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from django.utils.module_loading import import_string

from django_bolt._plan.errors import PlanError
from django_bolt._runtime.own_middleware import checked
from django_bolt._runtime.policy_problems import find_problems
from django_bolt.auth.backends import APIKeyAuthentication, BaseAuth, JWTAuthentication
from django_bolt.auth.guards import BaseGuard, takes_object

BACKENDS = (JWTAuthentication, APIKeyAuthentication, BaseAuth)


def checked_list(where: str, name: str, given: Sequence[Any] | None) -> tuple[Any, ...] | None:
    """Return backends, guards or middleware as a tuple; raises `PlanError` for what is no list of them."""
    if given is None:
        return None
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise PlanError(f"{where}: {name}={shown(given)}, expected a list; write {name}=[{shown(given)}]")
    return tuple(given)


def checked_backends(where: str, given: Sequence[Any] | None) -> tuple[Any, ...] | None:
    """Return authentication backends, made where classes were given; raises `PlanError` for what is none."""
    items = checked_list(where, "auth", given)
    return None if items is None else tuple(backend(f"{where}: auth", item) for item in items)


def checked_guards(where: str, given: Sequence[Any] | None) -> tuple[Any, ...] | None:
    """Return guards, made where classes were given; raises `PlanError` for what is none."""
    items = checked_list(where, "guards", given)
    return None if items is None else tuple(guard(f"{where}: guards", item) for item in items)


def checked_middleware(where: str, given: Sequence[Any] | None) -> tuple[Any, ...] | None:
    """Return middleware, made where classes were given; raises `PlanError` for what is none."""
    items = checked_list(where, "middleware", given)
    if items is None:
        return None
    # Made here, one object for all that it is given to: a limit counts them together.
    made = tuple(checked(where, item) for item in items)
    for item in made:
        for problem in find_problems(item):
            raise PlanError(f"{where}: {type(item).__name__}: {problem}")
    return made


def configured_backends(given: Sequence[Any]) -> tuple[Any, ...]:
    """Return the backends of `BOLT["AUTHENTICATION"]`, imported where a dotted path was given; raises `PlanError`."""
    where = 'BOLT["AUTHENTICATION"]'
    return tuple(backend(where, imported(where, item) if isinstance(item, str) else item) for item in given)


def imported(where: str, path: str) -> Any:
    """Return what a dotted path names; raises `PlanError`."""
    try:
        return import_string(path)
    except ImportError as error:
        raise PlanError(f"{where}: {path!r} cannot be imported ({error}); write the dotted path of a backend") from None


def backend(where: str, item: Any) -> Any:
    """Return one backend; raises `PlanError`."""
    hint = "a backend: JWTAuthentication(), APIKeyAuthentication(), SessionAuthentication() or a subclass of BaseAuth"
    made = instance(where, item, BACKENDS, hint)
    if isinstance(made, BaseAuth):
        check_method(where, made, BaseAuth, "authenticate", "async def authenticate(self, request) -> AuthResult")
    return made


def guard(where: str, item: Any) -> BaseGuard:
    """Return one guard; raises `PlanError`."""
    made: BaseGuard = instance(where, item, (BaseGuard,), "a guard: IsAuthenticated, or a subclass of BaseGuard")
    check_method(where, made, BaseGuard, "check", "async def check(self, request) -> bool")
    return made


def instance(where: str, item: Any, kinds: tuple[type, ...], hint: str) -> Any:
    """Return an instance of one of `kinds`, made where a class was given; raises `PlanError`."""
    if isinstance(item, kinds):
        return item
    if not (isinstance(item, type) and issubclass(item, kinds)):
        raise PlanError(f"{where} holds {shown(item)}, expected {hint}")
    try:
        return item()
    except (TypeError, ValueError) as error:
        raise PlanError(
            f"{where} holds the class {item.__name__}, which cannot be made without arguments ({error}); "
            f"write {item.__name__}(…)"
        ) from None


def check_method(where: str, made: Any, base: type, name: str, wanted: str) -> None:
    """Raise `PlanError` unless a subclass has a method of its own that takes the request."""
    kind = type(made).__name__
    method = getattr(made, name, None)
    if getattr(type(made), name, None) is getattr(base, name):
        raise PlanError(f"{where} holds {kind}, which has no `{name}`; write {wanted}")
    if not callable(method):
        raise PlanError(f"{where} holds {kind}, whose `{name}` is {shown(method)}, expected {wanted}")
    try:
        inspect.signature(method).bind("request")
    except TypeError as error:
        if name != "check" or not takes_object(method):
            raise PlanError(
                f"{where} holds {kind}, whose `{name}` cannot be called with a request ({error}); write {wanted}"
            ) from None


def shown(item: Any) -> str:
    """Return what is said of something that is no backend or guard."""
    if isinstance(item, type):
        return f"the class {item.__name__}"
    if inspect.isroutine(item):
        return f"the function {item.__name__}"
    return repr(item)
