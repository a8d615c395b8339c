"""What Django's ORM has not and projects write: `await queryset`, `alist`, `get_or_404`, `async with atomic()`.

Asynchronous methods here are made of Django's own, so whatever carries those carries these; nothing here may know how.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ContextDecorator
from functools import wraps
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.db.models import Model, QuerySet
from django.db.models.manager import BaseManager
from django.db.models.query import RawQuerySet
from django.db.transaction import Atomic
from django.http import Http404
from django.utils.translation import gettext

from django_bolt.orm.transaction import aenter, aexit, inside

__all__ = ["install"]


def install() -> None:
    """Add the extras to Django's classes. A name that a class has already is left as it is, so twice is once.

    Subclasses of the project define any of these names as they like: theirs is found first.
    """
    for rows in (QuerySet, RawQuerySet):
        _add(rows, "__await__", _await)
        _add(rows, "alist", alist)
    for function in (get_or_404, aget_or_404):
        _add(QuerySet, function.__name__, function)
    for function in (alist, get_or_404, aget_or_404):
        _add(BaseManager, function.__name__, _of_queryset(function))
    _add(Atomic, "__aenter__", aenter)
    _add(Atomic, "__aexit__", aexit)
    _add(Atomic, "__call__", _decorate)


def _add(owner: type, name: str, function: Callable[..., Any]) -> None:
    if name not in vars(owner):
        setattr(owner, name, function)


# QuerySets and managers ---------------------------------------------------------------------


async def alist(self: Any) -> list[Any]:
    """Return the rows as a new list; like `async for`, asks the database once and keeps the result."""
    return [row async for row in self]


def _await(self: Any) -> Generator[Any, None, list[Any]]:
    return alist(self).__await__()


def get_or_404(self: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Return the one row that `get()` finds; a single positional argument that is no `Q` is the row's key.

    Raises `Http404` where there is no such row and `MultipleObjectsReturned` where there are several, as Django's
    `get_object_or_404` does.
    """
    args, kwargs = _filters(*args, **kwargs)
    try:
        return self.get(*args, **kwargs)
    except self.model.DoesNotExist:
        raise _not_found(self.model) from None


async def aget_or_404(self: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Return what `get_or_404` returns, asynchronously."""
    args, kwargs = _filters(*args, **kwargs)
    try:
        return await self.aget(*args, **kwargs)
    except self.model.DoesNotExist:
        raise _not_found(self.model) from None


def _filters(*args: Any, **kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments as `get()` takes them. `Exists(…)` and other expressions are conditions, as `Q` is."""
    if len(args) != 1 or hasattr(args[0], "resolve_expression"):
        return args, kwargs
    if "pk" in kwargs:
        raise TypeError(f"found two keys, {args[0]!r} and pk={kwargs['pk']!r}, expected one; drop one of them")
    return (), {"pk": args[0], **kwargs}


def _not_found(model: type[Model]) -> Http404:
    # Django's own sentence, which its catalogues translate.
    return Http404(gettext("No %s matches the given query.") % model._meta.object_name)


def _of_queryset(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the method of a manager that is its QuerySet's."""
    name = function.__name__

    @wraps(function)
    def method(self: BaseManager[Any], /, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.get_queryset(), name)(*args, **kwargs)

    return markcoroutinefunction(method) if iscoroutinefunction(function) else method


# Transactions -------------------------------------------------------------------------------


def _decorate(self: Atomic, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function inside the block. Django's own decorator would commit before a coroutine has run."""
    if iscoroutinefunction(function):
        return inside(self, function)
    return ContextDecorator.__call__(self, function)  # type: ignore[arg-type]  # the stubs know no base of Atomic
