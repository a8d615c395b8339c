"""What is decided about a request before its handler, as it crosses to Rust: origins, rates, encodings, who may pass.

`crates/core/src/plan/policy.rs` is the other half; `tests/contract/plan.json` is read by both test suites.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from django_bolt._plan.node import Node, Ref

# What is done with requests and answers, wherever they come from ------------------------------


class Cors(msgspec.Struct, frozen=True, kw_only=True):
    """Cross-origin resource sharing: `*` among origins, methods or headers stands for all."""

    origins: list[str] = []
    origin_regexes: list[str] = []
    methods: list[str] = []
    headers: list[str] = []
    credentials: bool = False
    expose: list[str] = []
    max_age: int = 600


class Ip(Node, frozen=True): ...


class User(Node, frozen=True): ...


class Header(Node, frozen=True):
    name: str


RateKey = Ip | User | Header


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """At most `requests` in `window` seconds, `burst` of them at once, for each client and `bucket`."""

    bucket: str
    requests: int
    window: float
    burst: int
    key: RateKey


class Encoding(msgspec.Struct, frozen=True, kw_only=True):
    """A content coding and its level."""

    coding: Literal["gzip", "brotli", "zstd"]
    level: int


class Compression(msgspec.Struct, frozen=True, kw_only=True):
    """What is offered, the preferred first, for answers of at least `minimum_size` bytes."""

    encodings: list[Encoding]
    minimum_size: int = 500


class Policies(msgspec.Struct, frozen=True, kw_only=True):
    """What is done with requests and answers."""

    cors: Cors | None = None
    rate_limits: list[RateLimit] = []
    compression: Compression | None = None


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What holds below a path where no route answers; `fallback`: index of the route that is shown such requests."""

    prefix: str
    policies: Policies
    fallback: int | None = None


# How a client proves who it is ----------------------------------------------------------------


class Jwt(Node, frozen=True, kw_only=True):
    header: str | None = "authorization"
    cookie: str | None = None
    key: Ref | None = None
    algorithms: list[str]
    audience: list[str] = []
    issuer: list[str] = []
    leeway: int = 0


class ApiKey(Node, frozen=True, tag="api_key"):
    header: str
    keys: Ref


class PythonBackend(Node, frozen=True, tag="python"): ...


Backend = Jwt | ApiKey | PythonBackend

# What a client must be --------------------------------------------------------------------------


class AllowAny(Node, frozen=True, tag="allow_any"): ...


class Authenticated(Node, frozen=True): ...


class Flag(Node, frozen=True):
    claim: str


class Names(Node, frozen=True):
    claim: str
    names: list[str]
    all: bool


class PythonGuard(Node, frozen=True, tag="python"): ...


Guard = AllowAny | Authenticated | Flag | Names | PythonGuard
