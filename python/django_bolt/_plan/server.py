"""How a server treats its clients, as it crosses to Rust: limits, deadlines, who is believed, what is logged.

`crates/core/src/plan/server.rs` is the other half; `tests/contract/plan.json` is read by both test suites.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on what clients may bring: bytes, levels, fields, connections, requests."""

    body: int = 2_621_440
    json_depth: int = 64
    query_fields: int = 1000
    head: int = 32_768
    fields: int = 96
    url: int = 8192
    connections: int = 10_000
    in_flight: int = 4096


class Deadlines(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds; 0: any. `body_rate` is in bytes a second."""

    idle: float = 10.0
    head: float = 10.0
    body: float = 15.0
    body_rate: int = 1024
    write: float = 30.0
    keep_alive: float = 75.0


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """Paths of PEM files: a certificate with its chain, and its private key."""

    certificate: str
    key: str


class Http2(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on one HTTP/2 connection."""

    streams: int = 100
    resets: int = 100


class Proxies(msgspec.Struct, frozen=True, kw_only=True):
    """Whose word on their clients is taken, and where they say it."""

    trusted: list[str] = []
    forwarded: Literal["x-forwarded", "forwarded"] = "x-forwarded"
    protocol: bool = False
    host: bool = False
    """Django's `USE_X_FORWARDED_HOST`."""
    port: bool = False
    """Django's `USE_X_FORWARDED_PORT`."""


class AccessLog(msgspec.Struct, frozen=True, kw_only=True):
    """How each request is logged; `mask` holds names of query parameters in lower case."""

    format: Literal["combined", "json", "logging"] = "combined"
    file: str | None = None
    mask: list[str] = []


class RateLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Where rate limits are counted: in memory for so many clients, or at `redis://…` or `rediss://…`."""

    clients: int = 100_000
    store: str | None = None


class ServerPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How a server treats its clients."""

    limits: Limits = msgspec.field(default_factory=Limits)
    deadlines: Deadlines = msgspec.field(default_factory=Deadlines)
    tls: Tls | None = None
    http2: Http2 | None = msgspec.field(default_factory=Http2)
    hosts: tuple[str, ...] = ("*",)
    """Django's `ALLOWED_HOSTS`: names, `.domain` for its subdomains as well, `*` for all."""
    proxies: Proxies = msgspec.field(default_factory=Proxies)
    access_log: AccessLog | None = None
    health: bool = True
    rate_limits: RateLimits = msgspec.field(default_factory=RateLimits)
    trusted_origins: list[str] | None = None
    """Django's `CSRF_TRUSTED_ORIGINS`; None: unsafe requests that bring cookies may come from anywhere (tests)."""
    secure_header: tuple[str, str] | None = None
    """Django's `SECURE_PROXY_SSL_HEADER`: a field's name, and its value where the client's connection is encrypted."""
