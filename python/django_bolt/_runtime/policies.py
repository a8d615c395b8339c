"""What was declared about a route's clients → what the server is told of it, and what is left to Python.

Nothing here runs while a request is served.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django_bolt import conf
from django_bolt._plan.declaration import RouteDeclaration
from django_bolt._plan.node import Ref
from django_bolt._plan.policy import (
    AllowAny,
    ApiKey,
    Authenticated,
    Backend,
    Compression,
    Cors,
    Encoding,
    Flag,
    Guard,
    Header,
    Ip,
    Jwt,
    Names,
    Policies,
    PythonBackend,
    PythonGuard,
    RateKey,
    RateLimit,
    User,
)
from django_bolt._runtime.access import Access
from django_bolt.auth import backends, guards
from django_bolt.middleware import CompressionMiddleware, CORSMiddleware, RateLimitMiddleware


@dataclass(frozen=True, kw_only=True)
class RoutePolicies:
    """What holds for one route."""

    policies: Policies
    auth: list[int]
    guards: list[Guard]
    access: Access | None
    """What Python has to decide; None: nothing."""
    middleware: tuple[Any, ...]
    """The project's own, the outermost first."""


class Planner:
    """Plans policies, and collects the backends that routes share."""

    def __init__(self, configuration: conf.Configuration) -> None:
        self.configuration = configuration
        self.backends: list[Backend] = []
        self._indices: dict[int, int] = {}
        self._kept: list[Any] = []

    def route(self, declaration: RouteDeclaration) -> RoutePolicies:
        """Return what holds for a route."""
        own = tuple(kept(declaration.middleware, declaration.skipped))
        declared = [made(item) for item in self.authentication(declaration)]
        wanted = [made(item) for item in declaration.guards]
        nodes = [guard_node(guard) for guard in wanted]
        indices = [self.backend(backend) for backend in declared]
        return RoutePolicies(
            policies=self.policies(own, bucket=f"{declaration.method} {declaration.path}"),
            auth=indices,
            guards=nodes,
            access=Access(declared, wanted) if needs_python(nodes, [self.backends[i] for i in indices]) else None,
            middleware=tuple(item for item in own if not isinstance(item, IN_RUST)),
        )

    def policies(self, middleware: Iterable[Any], *, bucket: str) -> Policies:
        """Return what the server does of some middleware; of CORS and compression the innermost counts."""
        cors, compression, limits = None, None, []
        for item in middleware:
            if isinstance(item, CORSMiddleware):
                cors = cors_node(item)
            elif isinstance(item, CompressionMiddleware):
                compression = compression_node(item)
            elif isinstance(item, RateLimitMiddleware):
                limits.append(rate_limit_node(item, bucket))
        return Policies(cors=cors, rate_limits=limits, compression=compression)

    def authentication(self, declaration: RouteDeclaration) -> tuple[Any, ...]:
        """Return the backends of a route: its own, or what the settings say."""
        if declaration.auth is not None:
            return declaration.auth
        configured = self.configuration.authentication
        return (backends.JWTAuthentication(),) if configured is None else configured

    def backend(self, backend: Any) -> int:
        """Return the index of a backend in the plan."""
        if id(backend) not in self._indices:
            self._indices[id(backend)] = len(self.backends)
            # Kept, so that no other object gets its identity.
            self._kept.append(backend)
            self.backends.append(self.backend_node(backend))
        return self._indices[id(backend)]

    def backend_node(self, backend: Any) -> Backend:
        """Return what the server is told of a backend."""
        if isinstance(backend, backends.JWTAuthentication):
            return Jwt(key=Ref(backend.secret or ""), algorithms=list(backend.algorithms or ["HS256"]))
        if isinstance(backend, backends.APIKeyAuthentication):
            keys = self.configuration.api_keys if backend.api_keys is None else backend.api_keys
            return ApiKey(header=backend.header.lower(), keys=Ref(list(keys)))
        return PythonBackend()


IN_RUST = (CORSMiddleware, RateLimitMiddleware, CompressionMiddleware)


def kept(middleware: Iterable[Any], skipped: frozenset[str]) -> Iterable[Any]:
    """Yield middleware that is not skipped, made where a class was given."""
    names = {CORSMiddleware: "cors", RateLimitMiddleware: "rate_limit", CompressionMiddleware: "compression"}
    for item in map(made, middleware):
        kind = type(item)
        if not skipped & {"*", kind.__name__, names.get(kind, kind.__name__)}:
            yield item


def made(item: Any) -> Any:
    """Return an instance where a class was given."""
    return item() if isinstance(item, type) else item


def needs_python(nodes: Iterable[Guard], asked: Iterable[Backend]) -> bool:
    """Tell whether the server cannot always decide alone."""
    return any(isinstance(node, Flag | Names | PythonGuard) for node in nodes) or any(
        isinstance(backend, PythonBackend) for backend in asked
    )


def guard_node(guard: Any) -> Guard:
    """Return what the server is told of a guard."""
    kind = type(guard)
    if kind is guards.AllowAny:
        return AllowAny()
    if kind is guards.IsAuthenticated:
        return Authenticated()
    if kind is guards.IsStaff:
        return Flag(claim="is_staff")
    if kind is guards.IsSuperuser:
        return Flag(claim="is_superuser")
    if kind in (guards.HasPermission, guards.HasAllPermissions, guards.HasAnyPermission):
        return Names(claim="permissions", names=list(guard.names), all=kind is not guards.HasAnyPermission)
    if kind is guards.HasRole:
        return Names(claim="roles", names=list(guard.names), all=False)
    return PythonGuard()


def cors_node(cors: CORSMiddleware) -> Cors:
    """Return what the server is told of a CORS policy."""
    regex = cors.allow_origin_regex
    return Cors(
        origins=list(cors.allow_origins),
        origin_regexes=[] if regex is None else [regex],
        methods=list(cors.allow_methods),
        headers=list(cors.allow_headers),
        credentials=cors.allow_credentials,
        expose=list(cors.expose_headers),
        max_age=cors.max_age,
    )


def rate_limit_node(limit: RateLimitMiddleware, bucket: str) -> RateLimit:
    """Return what the server is told of a rate limit."""
    keys: dict[str, RateKey] = {"ip": Ip(), "user": User()}
    return RateLimit(
        bucket=bucket,
        requests=limit.requests,
        window=limit.window,
        burst=limit.requests if limit.burst is None else limit.burst,
        key=keys.get(limit.key) or Header(name=limit.key.lower()),
    )


def compression_node(middleware: CompressionMiddleware) -> Compression:
    """Return what the server is told of compression: every coding, the preferred one first."""
    levels = {"gzip": 1, "brotli": 4, "zstd": 3}
    config = middleware.config
    order = sorted(levels, key=lambda coding: coding != config.backend)
    return Compression(
        encodings=[Encoding(coding=coding, level=levels[coding]) for coding in order],  # type: ignore[arg-type]
        minimum_size=config.minimum_size,
    )
