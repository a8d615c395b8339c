"""The type of a route's answer: `response_model`, else the return annotation, else none.

Checking and encoding an answer is the work of `_runtime`; nothing here sees one.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from django_bolt._plan.annotation import NoneType, members, peel, union
from django_bolt._plan.errors import PlanError, about
from django_bolt._plan.schema import check_schema
from django_bolt._plan.signature import read_return

# Annotations that say nothing about a body.
NO_SCHEMA = (UNSET, Any, object, None, NoneType, typing.NoReturn, typing.Never)

# Known by name, so that a plan does not need Django.
DJANGO_RESPONSE = ("django.http.response", "HttpResponseBase")

HINT = "If it is meant for type checkers only, declare response_model=None on the route"


def response_type(handler: Callable[..., Any], response_model: Any) -> Any:
    """Return the type that answers are validated against, `UNSET` where none is declared.

    A response class is no schema; in a union the other members are. Raises `PlanError` for a type that msgspec does not
    know.
    """
    declared = response_model is not UNSET
    annotation = _schema(response_model if declared else read_return(handler))
    if annotation is UNSET:
        return UNSET
    try:
        with about("response_model" if declared else "return annotation"):
            check_schema(annotation)
    except PlanError as error:
        raise error if declared else type(error)(f"{error}. {HINT}") from error.__cause__
    return annotation


def _schema(annotation: Any) -> Any:
    """Return an annotation without its response classes, `UNSET` where nothing is left of it."""
    parts = members(annotation)
    kept = [part for part in parts if not is_response(part)]
    bare = [peel(part)[0] for part in kept]
    if Any in bare or object in bare or all(part in NO_SCHEMA for part in bare):
        return UNSET
    return annotation if len(kept) == len(parts) else union(kept)


def is_response(annotation: Any) -> bool:
    """Tell whether a type is a response class: one of Bolt's, or Django's `HttpResponse` and its relatives."""
    bare, _ = peel(annotation)
    kind = typing.get_origin(bare) or bare
    return isinstance(kind, type) and (
        hasattr(kind, "__bolt_response__")
        or any((base.__module__, base.__name__) == DJANGO_RESPONSE for base in kind.__mro__)
    )
