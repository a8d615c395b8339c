"""What counts as middleware, and what is said to who gives something else.

Nothing here may call it: `around` does.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal

from django_bolt._plan.declaration import RouteDeclaration
from django_bolt._plan.errors import PlanError
from django_bolt.middleware import CompressionMiddleware, CORSMiddleware, RateLimitMiddleware

BY_SERVER = (CORSMiddleware, RateLimitMiddleware, CompressionMiddleware)
"""What the server does itself."""
SHORT_NAMES = {CORSMiddleware: "cors", RateLimitMiddleware: "rate_limit", CompressionMiddleware: "compression"}
"""What else it is called by `skip_middleware`."""
EXPECTED = (
    "expected `async def __call__(self, request, call_next)`, or `async def process_request(self, request)` and "
    "`async def process_response(self, request, response)`, or an async function of (request, call_next)"
)


def checked(where: str, item: Any) -> Any:
    """Return one middleware, an instance in place of a class; raises `PlanError` for what is none."""
    if isinstance(item, BY_SERVER):
        return item
    _refuse_django(where, item)
    if isinstance(item, type):
        item = _made(where, item)
        if isinstance(item, BY_SERVER):
            return item
    name = name_of(item)
    if style_of(item) == "call":
        call = item if inspect.isroutine(item) else item.__call__
        _check_method(f"{where}: middleware {name}", item, call, ("request", "call_next"))
        return item
    methods = {"process_request": ("request",), "process_response": ("request", "response")}
    found = [method for method in methods if callable(getattr(item, method, None))]
    if not found:
        raise PlanError(f"{where}: middleware=[{name}] is no middleware; {EXPECTED}")
    for method in found:
        _check_method(f"{where}: middleware {name}.{method}", item, getattr(item, method), methods[method])
    return item


def check_skipped(declarations: Sequence[RouteDeclaration]) -> None:
    """Raise `PlanError` where a route leaves out middleware by a name that none has."""
    own = {name_of(item) for declaration in declarations for item in declaration.middleware}
    known = {"*", *SHORT_NAMES.values(), *(kind.__name__ for kind in BY_SERVER), *own}
    for declaration in declarations:
        for name in sorted(declaration.skipped - known):
            shown = ", ".join(map(repr, sorted(known)))
            raise PlanError(
                f"{declaration.method} {declaration.path}: skip_middleware({name!r}) names nothing that is declared; "
                f"expected one of {shown}. Django's middleware cannot be left out around one route"
            )


def style_of(item: Any) -> Literal["call", "process"]:
    """Return how a middleware is asked: by a call, or before and after."""
    return "call" if inspect.isroutine(item) or callable(item) else "process"


def name_of(item: Any) -> str:
    """Return the name by which a middleware can be skipped."""
    return getattr(item, "__name__", None) or type(item).__name__


def _refuse_django(where: str, item: Any) -> None:
    """Raise for a class or a function of Django's kind, which is made with `get_response`."""
    if isinstance(item, str):
        raise PlanError(
            f"{where}: middleware=[{item!r}] names a class by its path; Django's middleware is given as "
            f"BoltAPI(django_middleware=[{item!r}]), and Bolt's as the class itself"
        )
    try:
        parameters = inspect.signature(item).parameters if callable(item) else {}
    except (TypeError, ValueError):
        parameters = {}
    if "get_response" in parameters or hasattr(item, "get_response"):
        raise PlanError(
            f"{where}: middleware=[{name_of(item)}] is Django middleware (it takes get_response); "
            f"give it as BoltAPI(django_middleware=[{name_of(item)}])"
        )


def _made(where: str, kind: type) -> Any:
    try:
        inspect.signature(kind).bind()
    except TypeError as error:
        raise PlanError(
            f"{where}: middleware=[{kind.__name__}] cannot be made without arguments ({error}); "
            f"give an instance: middleware=[{kind.__name__}(...)]"
        ) from None
    except ValueError:
        pass
    return kind()


def _check_method(what: str, item: Any, call: Callable[..., Any], parameters: tuple[str, ...]) -> None:
    spelled = ", ".join(parameters)
    if not (inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(inspect.unwrap(call))):
        raise PlanError(f"{what}({spelled}) is not async, and everybody's requests would wait for it; write async def")
    try:
        inspect.signature(call).bind(*parameters)
    except TypeError as error:
        raise PlanError(f"{what} cannot be called with ({spelled}): {error}; {EXPECTED}") from None
