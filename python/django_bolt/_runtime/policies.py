"""What was declared about a route's clients → what the server is told of it, and what is left to Python.

Nothing here runs while a request is served.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.sessions.middleware import SessionMiddleware
from django.db import DEFAULT_DB_ALIAS

from django_bolt import conf
from django_bolt._django.chain import Chain
from django_bolt._django.csrf import SAFE_METHODS, CsrfCheck
from django_bolt._django.middleware import Declared, declared_middleware
from django_bolt._plan.declaration import RouteDeclaration
from django_bolt._plan.errors import PlanError
from django_bolt._plan.policy import (
    AllowAny,
    Authenticated,
    Compression,
    Cors,
    Encoding,
    Flag,
    Guard,
    Names,
    Policies,
    PythonGuard,
)
from django_bolt._runtime.access import Access, Store
from django_bolt._runtime.backends import Backends
from django_bolt._runtime.declared import configured_backends
from django_bolt._runtime.own_middleware import BY_SERVER, SHORT_NAMES, name_of
from django_bolt._runtime.rate_limits import Buckets
from django_bolt.auth import backends, guards
from django_bolt.auth.sessions import SessionAuthentication, session_problem
from django_bolt.middleware import CompressionMiddleware, CORSMiddleware
from django_bolt.orm.modes import modes


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

    @property
    def reads_form(self) -> bool:
        """Whether a form is read for its token, whatever the handler takes."""
        return self.access is not None and self.access.csrf is not None


class Planner:
    """Plans policies, and collects the backends that routes share."""

    def __init__(
        self, configuration: conf.Configuration, buckets: Buckets, *, enforce_csrf: bool = True, jobs: bool = True
    ) -> None:
        self.configuration = configuration
        self.jobs = jobs
        """Whether what stands around a `def` handler may run on its thread."""
        self.buckets = buckets
        self._csrf = CsrfCheck() if enforce_csrf else None
        self.everywhere = buckets.everywhere
        """What the settings put around everything."""
        self.backends = Backends(configuration)
        self._defaults: dict[type, Any] = {}
        self._configured = (
            None if configuration.authentication is None else configured_backends(configuration.authentication)
        )
        self._store = None if configuration.token_store is None else token_store()
        self._chains: dict[tuple[Declared, ...], Chain] = {}

    def route(self, declaration: RouteDeclaration, *, reads_request: bool = True) -> RoutePolicies:
        """Return what holds for a route; `reads_request`: its handler or a dependency takes the request."""
        own = tuple(kept((*self.everywhere, *declaration.middleware), declaration.skipped))
        declared, wanted = self.authentication(declaration), declaration.guards
        check_passable(declaration, declared)
        nodes = [guard_node(guard) for guard in wanted]
        indices = [self.backends.index(backend) for backend in declared]
        middleware = tuple(item for item in own if not isinstance(item, BY_SERVER))
        csrf = None if declaration.method in SAFE_METHODS else self._csrf
        access = Access(declared, wanted, store=self._store, csrf=csrf)
        # Whoever takes the request may read its user, which no code that cannot wait could find out.
        asks = bool(nodes or reads_request or middleware or declaration.django_middleware)
        needed = (access.identifies and asks) or any(isinstance(node, Flag | Names | PythonGuard) for node in nodes)
        return RoutePolicies(
            policies=self.policies(own, place=f"{declaration.method} {declaration.path}"),
            auth=indices,
            guards=nodes,
            access=access if needed else None,
            middleware=middleware,
        )

    def django(self, declaration: RouteDeclaration) -> Chain | None:
        """Return Django's middleware around a route; routes that declare the same share it."""
        declared = declared_middleware(declaration.django_middleware)
        if not declared:
            return None
        if declared not in self._chains:
            self._chains[declared] = Chain(
                declared,
                threaded=frozenset(self.configuration.middleware_threads),
                on_threads=modes().get(DEFAULT_DB_ALIAS, "thread") == "thread",
            )
        return self._chains[declared]

    def policies(self, middleware: Iterable[Any], *, place: str) -> Policies:
        """Return what the server does of some middleware at a place; of CORS and compression the innermost counts."""
        middleware = tuple(middleware)
        cors, compression = None, None
        for item in middleware:
            if isinstance(item, CORSMiddleware):
                cors = cors_node(item)
            elif isinstance(item, CompressionMiddleware):
                compression = compression_node(item)
        return Policies(cors=cors, rate_limits=self.buckets.limits(middleware, place), compression=compression)

    def authentication(self, declaration: RouteDeclaration) -> tuple[Any, ...]:
        """Return the backends of a route: its own, or what the settings say; of one kind where a guard says which."""
        declared = self.defaults(declaration) if declaration.auth is None else declaration.auth
        kinds = {guard.backend: guard for guard in declaration.guards if isinstance(guard, guards.ProvesBy)}
        if len(kinds) > 1:
            raise PlanError(
                f"{place(declaration)} has the guards {' and '.join(map(repr, kinds.values()))}, and nobody can pass "
                "both: a request proves who sent it by one credential; keep one of them, or name both backends in "
                "`auth` and use IsAuthenticated"
            )
        for kind in kinds:
            declared = tuple(item for item in declared if isinstance(item, kind)) or (self.default(kind),)
        return declared

    def defaults(self, declaration: RouteDeclaration) -> tuple[Any, ...]:
        """Return the backends where a route names none: the session counts where Django's middleware provides one."""
        if self._configured is not None:
            return self._configured
        tokens = self.default(backends.JWTAuthentication)
        if provides_session(declared_middleware(declaration.django_middleware)):
            return tokens, self.default(SessionAuthentication)
        return (tokens,)

    def default(self, kind: type) -> Any:
        """Return the backend of a kind as the settings describe it, the same one every time."""
        if kind not in self._defaults:
            self._defaults[kind] = kind()
        return self._defaults[kind]


def provides_session(middleware: Sequence[Declared]) -> bool:
    """Tell whether requests have a session, in which somebody may be logged in, behind some of Django's middleware."""
    if session_problem() is not None:
        return False
    return any(isinstance(item.factory, type) and issubclass(item.factory, SessionMiddleware) for item in middleware)


def kept(middleware: Iterable[Any], skipped: frozenset[str]) -> Iterable[Any]:
    """Yield middleware that is not skipped."""
    for item in middleware:
        name = name_of(item)
        if not skipped & {"*", name, SHORT_NAMES.get(type(item), name)}:
            yield item


def place(declaration: RouteDeclaration) -> str:
    """Return a route's place, as messages name it."""
    return f"{declaration.method} {declaration.path}"


def check_passable(declaration: RouteDeclaration, declared: Sequence[Any]) -> None:
    """Raise `PlanError` where a guard wants somebody and nobody can be authenticated."""
    wants = next((guard for guard in declaration.guards if guard_node(guard) not in (AllowAny(), PythonGuard())), None)
    if wants is not None and not declared:
        raise PlanError(
            f"{place(declaration)} has the guard {wants!r} and no backend (auth=[]), so nobody can ever pass; name a "
            "backend in `auth`, or write guards=[] where anybody may"
        )


def guard_node(guard: Any) -> Guard:
    """Return what the server is told of a guard."""
    kind = type(guard)
    if kind is guards.AllowAny:
        return AllowAny()
    if kind in (guards.IsAuthenticated, guards.ProvesBy):
        return Authenticated()
    if kind in (guards.IsStaff, guards.IsSuperuser):
        return Flag(claim=guard.claim)
    if kind in (guards.HasPermission, guards.HasAllPermissions, guards.HasAnyPermission, guards.HasRole):
        return Names(claim=guard.claim, names=list(guard.names), all=guard.enough is all)
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


def compression_node(middleware: CompressionMiddleware) -> Compression:
    """Return what the server is told of compression: every coding, the preferred one first."""
    config = middleware.config
    encodings = [
        Encoding(coding="gzip", level=config.gzip_level),
        Encoding(coding="brotli", level=config.brotli_level),
        Encoding(coding="zstd", level=config.zstd_level),
    ]
    encodings.sort(key=lambda encoding: encoding.coding != config.backend)
    return Compression(encodings=encodings, minimum_size=config.minimum_size)


def token_store() -> Store | None:
    """Return the store of revoked tokens."""
    from django_bolt.auth.stores import token_store as store  # noqa: PLC0415  # only where one is configured

    return store()
