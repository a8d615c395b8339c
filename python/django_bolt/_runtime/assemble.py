"""From applications to what crosses to Rust: all routes compiled, with the callables that run and answer them.

Nothing here inspects a signature (that is `_plan`) or runs while a request is served.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from django_bolt import conf
from django_bolt._django.chain import Bound, BoundHere, Chain, View
from django_bolt._plan.compile import Route, compile_route, dotted_name
from django_bolt._plan.declaration import RouteDeclaration
from django_bolt._plan.errors import PlanError
from django_bolt._plan.model import AppPlan, HandlerKind, RawBody, RequestArgument, RoutePlan, serialise
from django_bolt._plan.node import Ref
from django_bolt._plan.policy import Policies, Scope
from django_bolt._runtime.around import build_around
from django_bolt._runtime.around_here import AroundHere, blocks, build_around_here
from django_bolt._runtime.backends import KeySource
from django_bolt._runtime.encode import encoder_for
from django_bolt._runtime.fail import Failing, failer_for
from django_bolt._runtime.finish import Finish, finisher_for
from django_bolt._runtime.own_middleware import check_skipped
from django_bolt._runtime.policies import Planner, RoutePolicies
from django_bolt._runtime.rate_limits import Buckets
from django_bolt._runtime.refusal import SHOWN
from django_bolt._runtime.run import build_runner
from django_bolt._runtime.server_plan import server_plan
from django_bolt._runtime.signals import with_signals
from django_bolt._runtime.transactions import with_transactions


class Application(Failing, Protocol):
    """What is asked of a `BoltAPI`."""

    def compile(self) -> Iterator[tuple[Application, Route]]:
        """Yield every route with the application it belongs to."""
        ...

    def scopes(self) -> Iterator[tuple[Application, Any]]:
        """Yield every application with what holds below its prefix."""
        ...

    def prefixes(self) -> Iterator[str]:
        """Yield the paths below which applications answer alone."""
        ...

    def documentation(self, apis: Sequence[Any], routes: Sequence[Route]) -> Application | None:
        """Return an application that documents `routes`, or `None` where that is turned off."""
        ...

    def readiness(self, checks: Sequence[Any]) -> Callable[[], Any]:
        """Return what answers `/ready`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Assembled:
    """Applications ready to be served: `plan` and `objects` are what `_core.App` is made of."""

    plan: bytes
    objects: list[Any] = dataclasses.field(repr=False)
    routes: list[Route]
    apis: list[Any]
    ready: Callable[[], Any] | None = None
    """Returns a coroutine that returns the answer of `/ready`."""
    key_sources: Sequence[KeySource] = ()
    """Where backends get their keys from while a server runs."""


def assemble(
    apis: Sequence[Application],
    *,
    docs: bool = True,
    configuration: conf.Configuration | None = None,
    own_hosts: Sequence[str] = (),
    enforce_csrf: bool = True,
    jobs: bool = True,
) -> Assembled:
    """Compile every route of `apis` and of what is mounted into them; with `docs`, the documentation's as well.

    `configuration` is what they are served with; None: what `settings.BOLT` says, with no access log. `own_hosts` are
    answered for whatever `ALLOWED_HOSTS` says. `enforce_csrf`: whether forged cross-site requests are refused.
    `jobs`: whether a `def` handler and what stands around it may be one job of a thread.

    Raises `PlanError` for a wrong route and for two handlers of one method and path.
    """
    owned = [pair for api in apis for pair in api.compile()]
    check_duplicates([route for _, route in owned])
    check_skipped([route.declaration for _, route in owned])
    if docs and apis:
        owned += documentation(apis, [route for _, route in owned])
    configuration = configuration or dataclasses.replace(conf.load(), access_log="off")
    buckets = Buckets(apis, [route.declaration for _, route in owned])
    planner = Planner(configuration, buckets, enforce_csrf=enforce_csrf, jobs=jobs)
    routes = [plan_route(api, route, planner=planner) for api, route in owned]
    scopes = plan_scopes(apis, routes, planner=planner)
    plan = AppPlan(
        routes=routes,
        prefixes=list(dict.fromkeys(prefix for api in apis for prefix in api.prefixes())),
        scopes=scopes,
        backends=planner.backends.nodes,
        server=server_plan(configuration, own_hosts=own_hosts, enforce_csrf=enforce_csrf),
    )
    data, objects = serialise(plan)
    readiness = apis[0].readiness(configuration.ready_checks) if apis else None
    return Assembled(
        plan=data,
        objects=objects,
        routes=[route for _, route in owned],
        apis=list(apis),
        ready=readiness,
        key_sources=tuple(planner.backends.sources),
    )


def place(route: Route) -> tuple[str, str]:
    """Return method and path without the parameters' names; of two routes at one place only one can be reached."""
    return route.method, re.sub(r"\{[^}:]*", "{", route.path)


def check_duplicates(routes: Sequence[Route]) -> None:
    """Raise `PlanError` naming both handlers where two routes answer the same requests."""
    seen: dict[tuple[str, str], Route] = {}
    for route in routes:
        other = seen.get(place(route))
        if other is not None:
            paths = route.path if route.path == other.path else f"{other.path} and {route.path}"
            handlers = " and ".join(dotted_name(found.declaration.handler) for found in (other, route))
            raise PlanError(
                f"Two handlers for {route.method} {paths}: {handlers}. "
                "Only one of them can answer; change a path or remove one."
            )
        seen[place(route)] = route


def documentation(apis: Sequence[Application], routes: Sequence[Route]) -> list[tuple[Application, Route]]:
    """Return the routes of the documentation, without those whose place the project took."""
    documenting = apis[0].documentation(apis, routes)
    if documenting is None:
        return []
    taken = {place(route) for route in routes}
    return [(api, route) for api, route in documenting.compile() if place(route) not in taken]


def plan_route(api: Application, route: Route, *, planner: Planner) -> RoutePlan:
    """Return the plan of one route, with everything that Rust calls for it."""
    configuration = planner.configuration
    reads_request = any(isinstance(argument, RequestArgument) for argument in route.arguments)
    declared = planner.route(route.declaration, reads_request=reads_request)
    call, kind = callable_of(route, emit_signals=configuration.emit_signals)
    _, by_type = encoder = encoder_for(route)
    chain = planner.django(route.declaration)
    finish = finisher_for(route, encoder=encoder)
    fail = failer_for(api, unanswered=None if chain is None or not chain.sees_exceptions else chain.answer_exception)
    # Nothing can end an inline handler.
    timeout = None if kind == "inline" else first_given(route.declaration.timeout, configuration.timeout) or None
    shows_refusals = wants_refusals(api)
    positional = with_keywords(call, route.keywords)
    around = build_around(
        positional,
        kind,
        access=declared.access,
        middleware=declared.middleware,
        finish=finish,
        fail=fail,
        django=None if chain is None else Bound(chain, view_of(route.declaration), fail),
        timeout=timeout,
        show_refusals=shows_refusals,
    )
    blocking = (
        around is not None
        and planner.jobs
        and blocks(kind, access=declared.access, middleware=declared.middleware, chain=chain, timeout=timeout)
    )
    here = around_here(api, route, positional, declared, chain, finish) if blocking else None
    return RoutePlan(
        method=route.method,
        path=route.path,
        kind=kind if around is None or blocking else "coroutine",
        shield=route.declaration.shield,
        status=route.status,
        max_body=route.declaration.max_body,
        # What stands around a handler has as long again, to answer for one that was cancelled.
        timeout=2 * timeout if timeout and around is not None else timeout,
        python_errors=shows_refusals,
        args=route.arguments,
        policies=declared.policies,
        auth=declared.auth,
        guards=declared.guards,
        around=around is not None,
        keywords=route.keywords if around is None else [],
        body=RawBody() if route.body is None and is_read(route, chain, declared) else route.body,
        call=Ref(here or around or call),
        refuse=None if here is None else Ref(around),
        encoders=Ref(by_type),
        finish=Ref(finish),
        fail=Ref(fail),
    )


def around_here(
    api: Application,
    route: Route,
    call: Callable[..., Any],
    declared: RoutePolicies,
    chain: Chain | None,
    finish: Finish,
) -> AroundHere:
    """Return what runs around a handler that blocks, on its thread."""
    fail = failer_for(api, unanswered=None if chain is None else chain.answer_exception_here)
    django = None if chain is None else BoundHere(chain, view_of(route.declaration), fail)
    return build_around_here(call, access=declared.access, finish=finish, fail=fail, django=django)


def plan_scopes(apis: Sequence[Application], routes: list[RoutePlan], *, planner: Planner) -> list[Scope]:
    """Return what holds where no route answers, below each prefix; adds to `routes` what is shown such requests.

    Where several applications have one prefix, the first that declares anything counts.
    """
    scopes = {"": Scope(prefix="", policies=planner.policies(planner.everywhere, place="/"))}
    declared: set[str] = set()
    for root in apis:
        for api, defaults in root.scopes():
            if "{" in defaults.prefix or defaults.prefix in declared:
                continue
            declaration = RouteDeclaration(
                method="GET",
                path=defaults.prefix or "/",
                handler=nowhere,
                auth=(),
                middleware=defaults.middleware,
                django_middleware=defaults.django_middleware,
            )
            plan = plan_route(api, compile_route(declaration), planner=planner)
            shown = plan.around or plan.python_errors
            if shown:
                routes.append(msgspec.structs.replace(plan, method="", policies=Policies()))
            if shown or plan.policies != Policies():
                declared.add(defaults.prefix)
            scopes[defaults.prefix] = Scope(
                prefix=defaults.prefix, policies=plan.policies, fallback=len(routes) - 1 if shown else None
            )
    return list(scopes.values())


WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods whose body Django's middleware may read, whether or not the handler does."""


def is_read(route: Route, chain: Chain | None, declared: RoutePolicies) -> bool:
    """Tell whether a body is read that the handler does not take: by Django's middleware, or for a form's token."""
    return route.method in WITH_BODY and (chain is not None or declared.reads_form)


def view_of(declaration: RouteDeclaration) -> View | None:
    """Return what Django's middleware is shown as the view; None where no route answers."""
    return None if declaration.handler is nowhere else View(declaration.handler, declaration.path)


async def nowhere() -> None:
    """Stand for the handler of a request that no route answers; its refusal takes the place of this."""


def callable_of(route: Route, *, emit_signals: bool) -> tuple[Callable[..., Any], HandlerKind]:
    """Return what Rust calls with the arguments, and how it runs."""
    if route.graph is None:
        call, kind = route.declaration.handler, route.kind
    else:
        call, kind = build_runner(route)
    call, kind = with_transactions(call, kind, route.declaration.handler)
    return with_signals(call, kind) if emit_signals else (call, kind)


def with_keywords(call: Callable[..., Any], names: Sequence[str]) -> Callable[..., Any]:
    """Return `call` taking its last arguments by position, which it wants by these names."""
    if not names:
        return call

    def positional(*args: Any) -> Any:
        split = len(args) - len(names)
        return call(*args[:split], **dict(zip(names, args[split:], strict=True)))

    return positional


def wants_refusals(api: Application) -> bool:
    """Tell whether one of the application's error handlers answers what Rust refuses."""
    return any(issubclass(refusal, kind) for refusal in SHOWN for kind in api.exception_handlers)


def first_given(value: float | None, default: float) -> float:
    """Return what a route says, or else what is said for all."""
    return default if value is None else value
