"""A declaration → a route: everything about it decided, nothing of it run.

Each decision has its own module; here they are taken in order and their faults given a place.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django_bolt._plan.annotation import spell, union, without_none
from django_bolt._plan.body import plan_body
from django_bolt._plan.declaration import RouteDeclaration
from django_bolt._plan.errors import PlanError, about
from django_bolt._plan.graph import Draft, Graph, Reader
from django_bolt._plan.kind import CallKind, call_kind, never_suspends
from django_bolt._plan.model import Argument, Body, HandlerKind, RequestArgument
from django_bolt._plan.response import response_type
from django_bolt._plan.slot import BodyPart, ParameterInfo, Slot
from django_bolt._plan.source import segment_names

__all__ = ["ParameterInfo", "Route", "compile_route"]


MOST_BYTES = 2**53
MOST_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """One method of one path, decided."""

    declaration: RouteDeclaration
    method: str
    path: str
    kind: HandlerKind
    """How Rust runs what it calls: the handler, or with a graph what `_runtime/run.py` builds."""
    arguments: list[Argument]
    """The flat arguments of the handler and all its dependencies, in order."""
    keywords: list[str]
    """Names of the last arguments, passed by keyword; empty with a graph."""
    body: Body | None
    body_type: Any
    """Type of the decoded body, `bytes` for a raw one; `UNSET` where no parameter takes it."""
    graph: Graph | None
    """Dependencies, and defaults made anew for each request; `None` where the handler is called as it is."""
    response_type: Any
    """Type that answers are validated against; `UNSET` where none is declared."""
    status: int
    parameters: list[ParameterInfo]
    """What the documentation says; one for each field of a group."""


def compile_route(declaration: RouteDeclaration) -> Route:
    """Return what a declaration means; raises `PlanError` for one that cannot be served."""
    handler = declaration.handler
    with about(f"{declaration.method} {declaration.path} ({dotted_name(handler)})"):
        try:
            return _compile(declaration)
        except RecursionError as error:
            raise PlanError("a type refers to itself by a `type` alias; name it in a Struct instead") from error


def dotted_name(call: Callable[..., Any]) -> str:
    """Return module and name of a callable."""
    while isinstance(call, functools.partial):
        call = call.func
    name = getattr(call, "__qualname__", None) or type(call).__qualname__
    return f"{getattr(call, '__module__', None) or type(call).__module__}.{name}"


def _compile(declaration: RouteDeclaration) -> Route:
    segments = segment_names(declaration.path)
    _check_limits(declaration)
    own = _handler_kind(declaration)
    reader = Reader(method=declaration.method, segments=segments)
    draft = reader.read(declaration.handler)
    slots = [slot for slot in reader.flat if isinstance(slot, Slot)]
    reads_request = any(isinstance(slot.argument, RequestArgument) for slot in slots)
    parameters = [info for slot in slots for info in slot.infos]
    _check_segments(segments, parameters, reads_request=reads_request)
    _check_readings(parameters)
    body, body_type, parts = plan_body(
        [part for part in reader.flat if isinstance(part, BodyPart)], reads_request=reads_request
    )
    pending = iter(parts)
    graph = reader.graph(draft)
    return Route(
        declaration=declaration,
        method=declaration.method,
        path=declaration.path,
        kind=_kind(declaration, own, graph),
        arguments=[slot.argument if isinstance(slot, Slot) else next(pending) for slot in reader.flat],
        keywords=_keywords(draft, graph),
        body=body,
        body_type=body_type,
        graph=graph,
        response_type=response_type(declaration.handler, declaration.response_model),
        status=_status(declaration),
        parameters=parameters,
    )


def _handler_kind(declaration: RouteDeclaration) -> CallKind:
    kind = call_kind(declaration.handler)
    if kind in ("async_gen", "gen"):
        raise PlanError("the handler is a generator, which is not served yet; collect its items and return a list")
    if kind == "class":
        raise PlanError("the handler is a class, expected a function; register one of its methods")
    if declaration.inline and kind == "async":
        raise PlanError("inline=True is for plain functions, and an async handler runs on the worker's thread anyway")
    return kind


def _kind(declaration: RouteDeclaration, own: CallKind, graph: Graph | None) -> HandlerKind:
    """Return how Rust runs the callable: as the handler's own kind, unless a dependency is asynchronous."""
    steps = graph.steps if graph is not None else ()
    waiting = [step for step in steps if step.kind in ("async", "async_gen")]
    if own == "async":
        return "plain" if not steps and never_suspends(declaration.handler) else "coroutine"
    if waiting and declaration.inline:
        raise PlanError(
            f"inline=True is for plain functions, and the dependency {dotted_name(waiting[0].call)} is async; "
            "make it a plain function, or drop inline=True"
        )
    if waiting:
        return "coroutine"
    return "inline" if declaration.inline else "def"


def _keywords(draft: Draft, graph: Graph | None) -> list[str]:
    """Return the names that Rust passes by keyword; a runner takes everything by position."""
    return draft.keywords if graph is None else []


def _check_segments(segments: list[str], parameters: list[ParameterInfo], *, reads_request: bool) -> None:
    taken = {info.wire for info in parameters if info.source == "path"}
    for name in segments:
        if name not in taken and not reads_request:
            raise PlanError(
                f"the path has {{{name}}}, which no parameter takes; add a parameter {name!r}, or `request` to read "
                f"request.params[{name!r}]"
            )


def _check_readings(parameters: list[ParameterInfo]) -> None:
    """Raise `PlanError` where one name on the wire is read as two types."""
    seen: dict[tuple[str, str], Any] = {}
    for info in parameters:
        reading = union(without_none(info.annotation))
        other = seen.setdefault((info.source, info.wire), reading)
        if other != reading:
            raise PlanError(
                f"the {info.source} parameter {info.wire!r} is read as {spell(other)} and as {spell(reading)}; "
                "give both the same type, or one of them an alias"
            )


def _check_limits(declaration: RouteDeclaration) -> None:
    """Raise `PlanError` for a `max_body` or a `timeout` that means nothing."""
    size: object = declaration.max_body
    if size is not None and (type(size) is not int or not 0 <= size <= MOST_BYTES):
        raise PlanError(f"max_body={size!r}, expected a whole number of bytes, such as 10_000_000")
    seconds: object = declaration.timeout
    if seconds is None:
        return
    if type(seconds) not in (int, float) or not 0 <= cast("float", seconds) <= MOST_SECONDS:
        raise PlanError(f"timeout={seconds!r}, expected seconds from 0 (never) to {MOST_SECONDS}, such as 2.5")
    if seconds and declaration.inline:
        raise PlanError(
            f"timeout={seconds!r} with inline=True, but nothing can run while an inline handler does; "
            "drop inline=True, or the timeout"
        )


def _status(declaration: RouteDeclaration) -> int:
    status: object = 200 if declaration.status_code is None else declaration.status_code
    if not isinstance(status, int) or not 100 <= status <= 599:
        raise PlanError(f"status_code={status!r}, expected a whole number from 100 to 599")
    return int(status)
