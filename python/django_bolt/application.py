"""BoltAPI: the routes, error handlers and start and stop hooks of one application, as they are declared.

Nothing here compiles a plan or serves a request: `_runtime.assemble` and the server read what is recorded.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from django_bolt import exceptions
from django_bolt._plan.compile import Route
from django_bolt._plan.errors import PlanError
from django_bolt.health import Readiness
from django_bolt.openapi.config import OpenAPIConfig, OpenAPIInfo
from django_bolt.openapi.site import add_documentation
from django_bolt.router import Defaults, Routes, check_prefix

Hook = TypeVar("Hook", bound=Callable[[], Any])
ExceptionHandler = TypeVar("ExceptionHandler", bound=Callable[..., Any])
NOTHING = Defaults()
"""What an application that is mounted nowhere inherits."""
Lifespan = Callable[["BoltAPI"], AbstractAsyncContextManager[Any]]


class BoltAPI(Routes):
    """An application: routes below one prefix, with the error handlers and hooks that belong to them.

    `prefix` starts with a slash (`"/api"`); unknown paths below it are answered in JSON.
    `info` and `openapi_config` describe the documentation, which all applications served together share.
    `exception_handler(exc, request)` answers what nothing else maps, with a body or `(body, status)`;
    `exception_handlers` are functions marked by `django_bolt.exceptions.exception_handler`.
    `lifespan(api)` is an async context manager, entered when a process starts to serve and left when it stops.
    `validate_response` and `include_in_schema` are the defaults of its routes.
    `auth` and `guards` are those of its routes that name none; without any `auth`, `BOLT["AUTHENTICATION"]` counts.
    `middleware` runs around all its routes and around what is refused below its prefix.
    `django_middleware` runs Django's around those: True for `settings.MIDDLEWARE`, a list of classes or dotted paths,
    or `{"include": [...]}` or `{"exclude": [...]}` of `settings.MIDDLEWARE`.
    """

    def __init__(
        self,
        prefix: str = "",
        *,
        info: OpenAPIInfo | None = None,
        openapi_config: OpenAPIConfig | None = None,
        exception_handler: Callable[..., Any] | None = None,
        exception_handlers: Sequence[Callable[..., Any]] = (),
        lifespan: Lifespan | None = None,
        validate_response: bool = True,
        include_in_schema: bool = True,
        auth: Sequence[Any] | None = None,
        guards: Sequence[Any] | None = None,
        middleware: Sequence[Any] | None = None,
        django_middleware: Any = None,
    ) -> None:
        super().__init__(prefix, auth=auth, guards=guards, middleware=middleware)
        self.django_middleware = django_middleware
        self.info = info
        self.openapi_config = openapi_config
        self.lifespan = lifespan
        self.validate_response = validate_response
        self.include_in_schema = include_in_schema
        self.unmapped_handler = exception_handler
        self.exception_handlers: Mapping[type[BaseException], Callable[..., Any]] = {}
        for function in exception_handlers:
            types = getattr(function, "__bolt_exception_types__", None)
            if types is None:
                raise PlanError(
                    f"exception_handlers: {function!r} does not say which exceptions it handles; "
                    "decorate it with @django_bolt.exceptions.exception_handler(SomeError)"
                )
            self._handle(types, function)
        self.start_hooks: list[Callable[[], Any]] = []
        self.stop_hooks: list[Callable[[], Any]] = []
        self.mounts: list[tuple[str, BoltAPI]] = []

    def __repr__(self) -> str:
        return f"<BoltAPI {self.prefix or '/'}>"

    def mount(self, path: str, other: BoltAPI) -> None:
        """Serve `other` below `path`; it keeps its prefix, its error handlers and its hooks."""
        if not isinstance(other, BoltAPI):
            raise PlanError(f"mount() takes a BoltAPI, found {type(other).__name__}; a Router is included instead")
        if any(api is self for api in other.family()):
            raise PlanError(f"mount({path!r}) would mount {self!r} into itself")
        self.mounts.append((check_prefix(path), other))

    def exception_handler(self, *types: type[BaseException]) -> Callable[[ExceptionHandler], ExceptionHandler]:
        """Decorate `f(exc, request) -> body | (body, status)`, which answers exceptions of these types."""
        exceptions.exception_handler(*types)  # Refuses what is no exception class.

        def decorator(function: ExceptionHandler) -> ExceptionHandler:
            self._handle(types, function)
            return function

        return decorator

    def on_start(self, function: Hook) -> Hook:
        """Call `function()`, sync or async, in every process before it serves."""
        self.start_hooks.append(function)
        return function

    def on_stop(self, function: Hook) -> Hook:
        """Call `function()`, sync or async, in every process after it has served."""
        self.stop_hooks.append(function)
        return function

    def family(self) -> Iterator[BoltAPI]:
        """Yield this application and every one mounted into it, at any depth; one mounted twice comes twice."""
        yield self
        for _, other in self.mounts:
            yield from other.family()

    def compile(self, inherited: Defaults = NOTHING) -> Iterator[tuple[BoltAPI, Route]]:
        """Yield every route, compiled, with the application it belongs to; `inherited` from what it is mounted in."""
        for registration, defaults in self.flatten(self._defaults(inherited)):
            yield self, registration.compile(defaults)
        for path, other in self.mounts:
            yield from other.compile(self.inside(self._defaults(inherited), path))

    def scopes(self, inherited: Defaults = NOTHING) -> Iterator[tuple[BoltAPI, Defaults]]:
        """Yield this application and those mounted into it, each with what holds below its prefix."""
        yield self, self.inside(self._defaults(inherited))
        for path, other in self.mounts:
            yield from other.scopes(self.inside(self._defaults(inherited), path))

    def prefixes(self) -> Iterator[str]:
        """Yield every fixed path below which this application or one mounted into it answers alone."""
        for _, defaults in self.scopes():
            if defaults.prefix and "{" not in defaults.prefix:
                yield defaults.prefix

    def documentation(self, apis: Sequence[BoltAPI], routes: Sequence[Route]) -> BoltAPI | None:
        """Return an application that shows `routes`, or `None` where the configuration turns that off.

        `apis` are those served together; the first of them that has an `openapi_config` or an `info` decides.
        """
        members = [member for api in apis for member in api.family()]
        config = next((api.openapi_config for api in members if api.openapi_config), OpenAPIConfig())
        info = next((api.info for api in members if api.info), OpenAPIInfo())
        if not config.enabled:
            return None
        api = BoltAPI(include_in_schema=False, auth=[])
        add_documentation(api, routes, config, info)
        return api

    def readiness(self, checks: Sequence[Any]) -> Callable[[], Any]:
        """Return what answers `/ready` for all applications served together."""
        return Readiness(checks)

    def _handle(self, types: Iterable[type[BaseException]], function: Callable[..., Any]) -> None:
        self.exception_handlers = {**self.exception_handlers, **dict.fromkeys(types, function)}

    def _defaults(self, inherited: Defaults = NOTHING) -> Defaults:
        django = inherited.django_middleware if self.django_middleware is None else self.django_middleware
        return dataclasses.replace(
            inherited,
            validate_response=self.validate_response,
            include_in_schema=self.include_in_schema,
            django_middleware=django,
        )

    def _local_defaults(self) -> Defaults:
        return self.inside(self._defaults())
