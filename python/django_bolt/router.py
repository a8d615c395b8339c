"""Routes as they are declared: the decorators that a `BoltAPI` and a `Router` share.

Compiling a route, serving it and describing it happen elsewhere; here a declaration is recorded and checked.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar, Unpack

from msgspec import UNSET

from django_bolt._plan.compile import Route, compile_route, dotted_name
from django_bolt._plan.declaration import RouteDeclaration
from django_bolt._plan.errors import PlanError, UnknownSegment, UnresolvedName
from django_bolt._runtime.declared import checked_backends, checked_guards, checked_middleware
from django_bolt.middleware.decorators import marks_of, skips_of

Handler = TypeVar("Handler", bound=Callable[..., Any])


class RouteOptions(TypedDict, total=False):
    """What a route's decorator takes beside the path, always by keyword."""

    status_code: int
    """Status of a plain return value; 200 unless given."""
    response_model: Any
    """Type that the return value is validated against; the return annotation unless given, `None` for no type."""
    validate_response: bool
    """False: send what the handler returns unchecked. The application's value unless given."""
    summary: str
    """One line for the documentation; the first line of the docstring unless given."""
    description: str
    """Text for the documentation; the rest of the docstring unless given."""
    tags: Sequence[str]
    """Headings in the documentation, below those of the routers around the route."""
    operation_id: str
    """Name for generated clients; made from the handler's name unless given."""
    deprecated: bool
    """True: marked so in the documentation."""
    include_in_schema: bool
    """False: not in the documentation. The application's value unless given."""
    auth: Sequence[Any] | None
    """Authentication backends, asked in turn; those of the router or application unless given. `[]` means none."""
    guards: Sequence[Any] | None
    """What the client must be; those of the router or application unless given. `[]` means nothing."""
    middleware: Sequence[Any] | None
    """Middleware of this route, inside that of its routers and application."""
    name: str
    """Name of the route; the handler's name unless given."""
    inline: bool
    """True: run a plain `def` on the event loop's thread instead of a thread of the pool. It must not block."""
    shield: bool
    """True: the handler goes on when the client is gone."""
    max_body: int
    """Largest body in bytes, answered 413 above it; Django's `DATA_UPLOAD_MAX_MEMORY_SIZE` unless given."""
    timeout: float
    """Seconds after which the handler is cancelled and a 504 answered; `BOLT["TIMEOUT"]` unless given, 0: never."""


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What the application and the routers around a route add to it."""

    prefix: str = ""
    tags: tuple[str, ...] = ()
    validate_response: bool = True
    include_in_schema: bool = True
    auth: tuple[Any, ...] | None = None
    guards: tuple[Any, ...] = ()
    middleware: tuple[Any, ...] = ()
    django_middleware: Any = None

    def below(
        self,
        prefix: str,
        tags: Sequence[str] = (),
        *,
        auth: tuple[Any, ...] | None = None,
        guards: tuple[Any, ...] | None = None,
        middleware: tuple[Any, ...] = (),
    ) -> Defaults:
        """Return the same, one level deeper: backends and guards given there win, middleware is added inside."""
        return dataclasses.replace(
            self,
            prefix=self.prefix + prefix,
            tags=(*self.tags, *tags),
            auth=self.auth if auth is None else auth,
            guards=self.guards if guards is None else guards,
            middleware=(*self.middleware, *middleware),
        )


@dataclass(kw_only=True)
class Registration:
    """One use of a decorator: what was declared, and the route it compiled to last."""

    method: str
    path: str
    handler: Callable[..., Any]
    options: RouteOptions
    compiled: Route | None = None

    def compile(self, defaults: Defaults) -> Route:
        """Return the route as it is below `defaults`; compiled once where that does not change it."""
        declaration = self._declaration(defaults)
        if self.compiled is None or self.compiled.declaration != declaration:
            self.compiled = compile_route(declaration)
        return self.compiled

    def _marks(self) -> tuple[Any, ...]:
        """Return the middleware that decorators gave the handler."""
        where = f"{self.method} {self.path} ({dotted_name(self.handler)})"
        return checked_middleware(where, marks_of(self.handler)) or ()

    def _declaration(self, defaults: Defaults) -> RouteDeclaration:
        """Return the declaration with its full path and everything inherited."""
        options = self.options
        auth, guards = options.get("auth"), options.get("guards")
        return RouteDeclaration(
            method=self.method,
            path=defaults.prefix + self.path or "/",
            handler=self.handler,
            name=options.get("name") or getattr(self.handler, "__name__", type(self.handler).__name__),
            status_code=options.get("status_code"),
            response_model=options.get("response_model", UNSET),
            validate_response=options.get("validate_response", defaults.validate_response),
            summary=options.get("summary"),
            description=options.get("description"),
            tags=(*defaults.tags, *options.get("tags", ())),
            operation_id=options.get("operation_id"),
            deprecated=options.get("deprecated", False),
            include_in_schema=options.get("include_in_schema", defaults.include_in_schema),
            inline=options.get("inline", False),
            shield=options.get("shield", False),
            max_body=options.get("max_body"),
            timeout=options.get("timeout"),
            auth=defaults.auth if auth is None else tuple(auth),
            guards=defaults.guards if guards is None else tuple(guards),
            middleware=(*defaults.middleware, *(options.get("middleware") or ()), *self._marks()),
            skipped=skips_of(self.handler),
            django_middleware=defaults.django_middleware,
        )


class Routes:
    """Base of everything that routes are declared on: one decorator for each method.

    A decorator returns the handler unchanged, so one function may be registered several times. What is wrong with a
    handler raises `PlanError` where the decorator stands; only what a prefix added later can mend, and annotations
    that name something defined further down, are left until the application is assembled.
    """

    def __init__(
        self,
        prefix: str,
        tags: Sequence[str] = (),
        *,
        auth: Sequence[Any] | None = None,
        guards: Sequence[Any] | None = None,
        middleware: Sequence[Any] | None = None,
    ) -> None:
        self.prefix = check_prefix(prefix)
        self.tags = tuple(tags)
        owner = type(self).__name__
        self.auth = checked_backends(owner, auth)
        self.guards = checked_guards(owner, guards)
        self.middleware = checked_middleware(owner, middleware) or ()
        self._parts: list[Registration | tuple[str, Router]] = []

    def get(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[Handler], Handler]:
        """Answer GET requests for `path`, and HEAD where no other handler does."""
        return self._register("GET", path, options)

    def post(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[Handler], Handler]:
        """Answer POST requests for `path`."""
        return self._register("POST", path, options)

    def put(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[Handler], Handler]:
        """Answer PUT requests for `path`."""
        return self._register("PUT", path, options)

    def patch(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[Handler], Handler]:
        """Answer PATCH requests for `path`."""
        return self._register("PATCH", path, options)

    def delete(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[Handler], Handler]:
        """Answer DELETE requests for `path`."""
        return self._register("DELETE", path, options)

    def head(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[Handler], Handler]:
        """Answer HEAD requests for `path` in place of its GET handler."""
        return self._register("HEAD", path, options)

    def options(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[Handler], Handler]:
        """Answer OPTIONS requests for `path` in place of the automatic `Allow`."""
        return self._register("OPTIONS", path, options)

    def include_router(self, router: Router, prefix: str = "") -> None:
        """Serve the routes of `router` below `prefix`, those registered on it later as well."""
        if not isinstance(router, Router):
            raise PlanError(
                f"include_router() takes a Router, found {type(router).__name__}; "
                "another BoltAPI is mounted instead: api.mount(path, other)"
            )
        if router is self or router.includes(self):
            raise PlanError(f"The router with the prefix {router.prefix!r} would include itself")
        self._parts.append((check_prefix(prefix), router))

    def includes(self, other: Routes) -> bool:
        """Tell whether `other` is included here, at any depth."""
        routers = [part[1] for part in self._parts if isinstance(part, tuple)]
        return any(router is other or router.includes(other) for router in routers)

    def flatten(self, defaults: Defaults) -> Iterator[tuple[Registration, Defaults]]:
        """Yield every route declared here and in included routers, with what it inherits."""
        inside = self.inside(defaults)
        for part in self._parts:
            if isinstance(part, Registration):
                yield part, inside
            else:
                prefix, router = part
                yield from router.flatten(inside.below(prefix))

    def inside(self, defaults: Defaults, prefix: str = "") -> Defaults:
        """Return what the routes declared here inherit, or those below `prefix`."""
        return defaults.below(
            self.prefix + prefix, self.tags, auth=self.auth, guards=self.guards, middleware=self.middleware
        )

    def _register(self, method: str, path: str, options: RouteOptions) -> Callable[[Handler], Handler]:
        check_path(path)
        check_options(f"{method} {path or '/'}", options)

        def decorator(handler: Handler) -> Handler:
            registration = Registration(method=method, path=path, handler=handler, options=options)
            # A later definition or a prefix further out may bring the name; if none does, assembling raises.
            with contextlib.suppress(UnresolvedName, UnknownSegment):
                registration.compile(self._local_defaults())
            self._parts.append(registration)
            return handler

        return decorator

    def _local_defaults(self) -> Defaults:
        return self.inside(Defaults())


class Router(Routes):
    """A group of routes to include in an application or in another router.

    `prefix` starts with a slash and may hold parameters (`"/users/{user_id}"`); `tags` head its routes in the
    documentation. `auth` and `guards` are those of its routes that name none; `middleware` runs around all of them.
    """

    def __init__(
        self,
        prefix: str = "",
        *,
        tags: Sequence[str] = (),
        auth: Sequence[Any] | None = None,
        guards: Sequence[Any] | None = None,
        middleware: Sequence[Any] | None = None,
    ) -> None:
        super().__init__(prefix, tags, auth=auth, guards=guards, middleware=middleware)


def check_options(where: str, options: RouteOptions) -> None:
    """Raise for options that no decorator has; put backends, guards and middleware in place of their classes."""
    unknown = sorted(set(options) - set(RouteOptions.__annotations__))
    if unknown:
        known = ", ".join(RouteOptions.__annotations__)
        raise TypeError(f"A route has no option {unknown[0]!r}; the options are: {known}")
    options["auth"] = checked_backends(where, options.get("auth"))
    options["guards"] = checked_guards(where, options.get("guards"))
    options["middleware"] = checked_middleware(where, options.get("middleware"))


def check_path(path: str) -> None:
    """Raise `PlanError` unless `path` is empty or starts with a slash."""
    if not isinstance(path, str):
        raise PlanError(f"A path is a str such as '/items/{{item_id}}', found {type(path).__name__}")
    if path and not path.startswith("/"):
        raise PlanError(f"A path starts with a slash: write '/{path}' in place of '{path}'")


def check_prefix(prefix: str) -> str:
    """Return `prefix` without a slash at its end; raise `PlanError` unless it is empty or starts with one."""
    check_path(prefix)
    return prefix.rstrip("/")
