"""The plan as data: what crosses to Rust when an application starts.

`crates/core/src/plan/mod.rs` is the other half; `tests/contract/plan.json` is read by both test suites.
Nothing here may inspect a signature, import Django or touch a loop.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from django_bolt._plan.node import Node, Ref
from django_bolt._plan.policy import Backend, Guard, Policies, Scope
from django_bolt._plan.server import ServerPlan

HandlerKind = Literal["plain", "coroutine", "def", "inline"]
Source = Literal["path", "query", "header", "cookie"]


# How text becomes a value ------------------------------------------------------------------


class Str(Node, frozen=True):
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None


class Int(Node, frozen=True):
    gt: int | None = None
    ge: int | None = None
    lt: int | None = None
    le: int | None = None
    multiple_of: int | None = None


class Float(Node, frozen=True):
    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None
    multiple_of: float | None = None


class Decimal(Node, frozen=True): ...


class Bool(Node, frozen=True): ...


class Datetime(Node, frozen=True): ...


class Date(Node, frozen=True): ...


class Time(Node, frozen=True): ...


class Timedelta(Node, frozen=True): ...


class Uuid(Node, frozen=True): ...


class Choice(Node, frozen=True):
    values: list[tuple[str, Ref]]


class Union(Node, frozen=True):
    items: list[Any]


class List(Node, frozen=True):
    item: Any
    min_length: int | None = None
    max_length: int | None = None
    into: Ref | None = None


class Convert(Node, frozen=True):
    call: Ref
    many: bool = False


Coerce = (
    Str | Int | Float | Decimal | Bool | Datetime | Date | Time | Timedelta | Uuid | Choice | Union | List | Convert
)

# Where an argument comes from ---------------------------------------------------------------


class RequestArgument(Node, frozen=True, tag="request"): ...


class Param(Node, frozen=True):
    source: Source
    wire: str
    coerce: Any
    default: Ref | None = None


class BodyArgument(Node, frozen=True, tag="body"):
    field: str | None = None


class GroupField(msgspec.Struct, frozen=True, kw_only=True):
    keyword: str
    required: bool
    wire: str
    coerce: Any


class Group(Node, frozen=True):
    source: Source
    build: Ref
    fields: list[GroupField]
    default: Ref | None = None


Argument = RequestArgument | Param | BodyArgument | Group

# The body a route reads ---------------------------------------------------------------------


class RawBody(Node, frozen=True, tag="raw"): ...


class JsonBody(Node, frozen=True, tag="json"):
    decode: Ref
    default: Ref | None = None


class BytesBody(Node, frozen=True, tag="bytes"):
    default: Ref | None = None


Body = RawBody | JsonBody | BytesBody

# Routes -------------------------------------------------------------------------------------


class RoutePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One method of one path, as Rust runs it; without a method it has no place of its own (`Scope.fallback`)."""

    method: str
    path: str
    kind: HandlerKind
    shield: bool
    status: int
    max_body: int | None
    timeout: float | None
    python_errors: bool
    args: list[Argument]
    policies: Policies
    auth: list[int]
    guards: list[Guard]
    around: bool
    refuse: Ref | None = None
    keywords: list[str]
    body: Body | None
    call: Ref
    encoders: Ref
    finish: Ref
    fail: Ref


class AppPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one server or test client serves."""

    routes: list[RoutePlan]
    prefixes: list[str]
    scopes: list[Scope]
    backends: list[Backend]
    server: ServerPlan


def serialise(plan: AppPlan) -> tuple[bytes, list[Any]]:
    """Return the plan as JSON and the objects its references point at, in order."""
    objects: list[Any] = []

    def index(ref: Any) -> int:
        if not isinstance(ref, Ref):
            raise TypeError(f"a plan may hold only data and Ref, found {type(ref).__name__}")
        objects.append(ref.value)
        return len(objects) - 1

    return msgspec.json.encode(plan, enc_hook=index), objects
