"""Every setting of `settings.BOLT`: its type, its default, its rule and what it means.

Nothing here may read Django's settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from django_bolt.conf.rules import (
    Rule,
    amount,
    choice,
    each,
    flag,
    maybe,
    network,
    path,
    reference,
    setting,
    text,
    whole,
)

__all__ = ["AccessLog", "BridgeMode", "Configuration", "Forwarded"]

BridgeMode = Literal["inline", "greenlet", "thread"]
"""How the ORM calls of a coroutine run: on the worker's thread, in a greenlet that waits in the loop, in a thread."""
AccessLog = Literal["combined", "json", "logging", "off"]
"""Where requests are written to: lines in the format of that name, Python's `logging`, nowhere."""
Forwarded = Literal["x-forwarded", "forwarded"]
"""Which fields a trusted proxy says in who its client is."""

_MODES = get_args(BridgeMode)


def _is_bridge(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(alias, str) and mode in _MODES for alias, mode in value.items())
    return value is None or value is False or value in _MODES


_BRIDGE = Rule(
    _is_bridge,
    f"one of {', '.join(map(repr, _MODES))}, a dict of them by database alias, None (by engine) or False (off)",
    '{"default": "thread"}',
)


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What `settings.BOLT` says, with defaults for what it leaves out."""

    # Listening
    host: str = setting("0.0.0.0", text("an address as text", '"127.0.0.1"'))  # noqa: S104  # a server is to be reached
    """Address to listen on."""
    port: int = setting(8000, whole(0, 65535))
    """TCP port, 0-65535; 0 lets the system choose."""
    backlog: int = setting(2048, Rule(whole(1, 2**31 - 1).accepts, "a whole number of at least 1"))
    """Connections the kernel may hold before they are accepted."""
    unix_socket: str | None = setting(None, maybe(path('"/run/site/bolt.sock"')))
    """Path of a Unix socket to listen on instead of an address."""
    unix_socket_mode: int = setting(0o660, whole(0, 0o777))
    """Its permissions."""
    unix_socket_owner: str | None = setting(None, maybe(text('"user", "user:group" or ":group"', '":www-data"')))
    """Its owner: `user`, `user:group` or `:group`; None: whoever runs the server."""
    tls_certificate: str | None = setting(None, maybe(path('"/etc/ssl/site.pem"')))
    """PEM file of the certificate and its chain; with it the server speaks HTTPS (and HTTP/2)."""
    tls_key: str | None = setting(None, maybe(path('"/etc/ssl/site.key"')))
    """PEM file of its private key; None: in the certificate's file."""
    http2: bool = setting(True, flag())
    """Whether HTTP/2 is offered over TLS and understood without it (prior knowledge)."""
    http2_streams: int = setting(100, whole(1, 10_000))
    """Requests that one HTTP/2 connection may have in flight."""
    http2_resets: int = setting(100, whole(1, 100_000))
    """Streams that a client may reset while they are being answered before its connection is closed."""

    # Processes
    processes: int = setting(1, whole(1, 1024))
    """Worker processes (`WORKERS` is the same thing)."""
    graceful_timeout: float = setting(30.0, amount("seconds", 86_400))
    """Seconds that requests in flight get to finish after a stop."""
    watchdog: float = setting(30.0, amount("seconds", 86_400))
    """Seconds that a worker may leave its loop unturned before it is replaced; 0: any."""
    max_requests: int = setting(0, whole(0, 2**31 - 1))
    """Requests after which a worker is replaced; 0: never."""
    max_requests_jitter: int = setting(0, whole(0, 2**31 - 1))
    """At most this many more, chosen for each worker, so that not all are replaced at once."""
    max_rss: int = setting(0, whole(0, 2**31 - 1))
    """MiB of resident memory after which a worker is replaced; 0: never."""
    post_fork: str | Callable[[int], Any] | None = setting(None, maybe(reference('"site.metrics.start"')))
    """Called with the worker's number in each worker before it serves, or the dotted path of what is."""
    threads: int = setting(10, whole(1, 1024))
    """Threads for `def` handlers, in each worker."""
    threads_queue: int = setting(1000, whole(0, 1_000_000))
    """Calls that may wait for such a thread; more are answered 503."""

    # Deadlines
    idle_timeout: float = setting(10.0, amount("seconds", 86_400))
    """Seconds that a new connection may take to send its first byte; 0: any."""
    head_timeout: float = setting(10.0, amount("seconds", 86_400))
    """Seconds that the head of a request may take from its first byte (408); 0: any."""
    body_timeout: float = setting(15.0, amount("seconds", 86_400))
    """Seconds that a body may go without a byte (408); 0: any."""
    body_rate: int = setting(1024, whole(0, 2**31 - 1))
    """Bytes a second that a body must come with on average, once it has taken 10 s (408); 0: any."""
    write_timeout: float = setting(30.0, amount("seconds", 86_400))
    """Seconds that a client may take none of the bytes that wait for it; 0: any."""
    keep_alive: float = setting(75.0, amount("seconds", 86_400))
    """Seconds an idle connection is kept open; 0 closes after each response."""
    timeout: float = setting(0.0, amount("seconds", 86_400))
    """Seconds that a handler may take before it is cancelled (504), where its route says nothing else; 0: any."""

    # Limits
    max_head: int = setting(32_768, whole(1024, 131_072))
    """Bytes of a request's line and fields together (431)."""
    max_fields: int = setting(96, whole(1, 96))
    """Header fields of a request (431)."""
    max_url: int = setting(8192, whole(64, 65_534))
    """Bytes of a request's target (414)."""
    max_connections: int = setting(10_000, whole(1, 10_000_000))
    """Open connections of a process; more are answered 503 and closed."""
    max_in_flight: int = setting(4096, whole(1, 10_000_000))
    """Requests that a process may be answering at once; more are answered 503."""

    # Who the client is
    trusted_proxies: tuple[str, ...] = setting((), each(network(), '["10.0.0.0/8"]'))
    """Addresses and networks whose word on their clients is taken; "unix": whoever connects over the Unix socket."""
    forwarded: Forwarded = setting("x-forwarded", choice(*get_args(Forwarded)))
    """Where trusted proxies say it: `X-Forwarded-For`, `-Proto`, `-Host` and `-Port`, or `Forwarded` (RFC 7239)."""
    proxy_protocol: bool = setting(False, flag())
    """Whether each connection begins with the PROXY protocol (v1 or v2)."""

    authentication: tuple[Any, ...] | None = setting(
        None, maybe(each(Rule(lambda value: True, "a backend, or its dotted path"), '["site.auth.Backend"]'))
    )
    """Backends of routes that name none, or their dotted paths; None: `JWTAuthentication()`, and the session where
    Django's middleware provides one."""
    api_keys: tuple[str, ...] = setting((), each(text("a key", '"k-3f9c…"'), '["k-3f9c…"]'))
    """Keys that `APIKeyAuthentication` accepts where it names none."""
    token_store: str | None = setting(None, maybe(choice("memory", "cache", "database")))
    """Where revoked tokens are kept; None: tokens cannot be revoked."""
    token_cache: str = setting("default", text("the alias of a cache", '"tokens"'))
    """Cache that keeps them where `TOKEN_STORE` is "cache"."""
    rate_limit_clients: int = setting(100_000, whole(1000, 100_000_000))
    """Clients that rate limits can tell apart at once, 24 to 48 bytes each, in memory that all processes share."""
    rate_limit_store: str | None = setting(None, maybe(text("a Redis URL", '"redis://127.0.0.1:6379/0"')))
    """`redis://…` or `rediss://…`: where rate limits are counted for all machines; None: in this machine's memory."""
    middleware_threads: tuple[str, ...] = setting(
        (), each(text("a middleware's dotted path", '"site.middleware.Slow"'), '["site.middleware.Slow"]')
    )
    """Django middleware that blocks, and therefore runs on a thread."""

    # What is told
    access_log: AccessLog = setting("combined", choice(*get_args(AccessLog)))
    """How each request is logged."""
    access_log_file: str | None = setting(None, maybe(path('"/var/log/site/access.log"')))
    """Where its lines go; None: standard output."""
    access_log_mask: tuple[str, ...] = setting(
        ("access_token", "api_key", "apikey", "auth", "code", "key", "password", "secret", "sig", "signature", "token"),
        each(text("a parameter's name", '"token"'), '["token"]'),
    )
    """Parameters of the query string whose values are not written, in any case."""
    health: bool = setting(True, flag())
    """Whether /health and /ready are answered, where the project has no routes there."""
    ready_checks: tuple[Any, ...] = setting(
        ("database",),
        each(
            Rule(
                lambda value: callable(value) or (isinstance(value, str) and value != ""),
                '"database", "cache", "migrations", a callable or its dotted path',
            ),
            '["database", "cache"]',
        ),
    )
    """What must hold for /ready to answer 200."""
    debug: bool | None = setting(
        None, Rule(lambda value: value is None or isinstance(value, bool), "True or False", "False")
    )
    """Whether error pages show tracebacks; None: as `settings.DEBUG`."""
    emit_signals: bool = setting(False, flag())
    """Whether Django's request_started and request_finished are sent for API routes."""

    # The database
    orm_bridge: BridgeMode | Mapping[str, BridgeMode] | Literal[False] | None = setting(None, _BRIDGE)
    """How coroutines reach the database: None picks by engine, a mode is for every alias, a dict for those it names;
    False leaves everything to asgiref's threads."""
    orm_extras: bool = setting(True, flag())
    compiled_queries: bool = setting(True, flag())
    """Whether `await queryset`, `alist`, `get_or_404`, `aget_or_404` and `async with atomic()` are added to Django."""
    db_pool_size: int = setting(10, whole(0, 10_000))
    """Connections that each worker keeps open to one database; 0 closes each one after its use."""
    db_pool_timeout: float = setting(30.0, amount("seconds", 3600))
    """Seconds that a query may wait for a connection before it is answered 503."""
    inline_limit_ms: float = setting(20.0, amount("milliseconds", 60_000))
    """Milliseconds that an inline call may take before its route is moved to threads; 0 never moves one."""
