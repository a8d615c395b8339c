"""What runs around a `def` handler as blocking code: Django's middleware, who may pass, the handler, its answer.

All of it is one job of the pool, as the handler alone is where nothing stands around it: no Task, one hand-over, one
connection. What only a coroutine can do is done by `around`, whose answers these are; nothing here may be refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django_bolt._django.chain import Chain
from django_bolt._plan.model import HandlerKind
from django_bolt._runtime.access import Access
from django_bolt._runtime.around import Failed, HandlerCall, Innermost, finish_for_django, respond_here
from django_bolt._runtime.fail import Fail
from django_bolt._runtime.finish import Finish
from django_bolt.responses import Response

Next = Callable[[Any], Response]
AroundHere = Callable[..., Any]


def blocks(
    kind: HandlerKind, *, access: Access | None, middleware: tuple[Any, ...], chain: Chain | None, timeout: float | None
) -> bool:
    """Tell whether all that stands around a handler can be blocking code, with it and on its thread."""
    if kind != "def" or middleware or timeout is not None:
        return False
    return (access is None or access.blocks) and (chain is None or chain.blocks)


def build_around_here(
    call: Callable[..., Any],
    *,
    access: Access | None,
    finish: Finish,
    fail: Fail,
    django: Callable[[Any, Next], Response] | None,
) -> AroundHere:
    """Return `around(request, None, *args)`, which a thread runs; its arguments are those of `build_around`."""
    if django is not None:
        finish = finish_for_django(finish)
    innermost = Innermost(call, "def", access=access, finish=finish, fail=fail, show_refusals=False, timeout=None)
    answer = innermost.answer_here if django is None else step(django, innermost.answer_here, fail)

    def around(request: Any, refusal: None, *args: Any) -> Any:
        if access is not None:
            request._access = access
        request._handler_call = made = HandlerCall(refusal, args)
        try:
            response = answer(request)
        except BaseException as error:
            if made.deferred is not None:
                made.deferred.cleanup(error)
            raise
        if made.deferred is None:
            return response
        made.deferred.value = response
        return made.deferred

    return around


def step(django: Callable[[Any, Next], Response], call_next: Next, fail: Fail) -> Next:
    """Return Django's middleware in front of what comes next; what it raises is answered here."""

    def run(request: Any) -> Response:
        try:
            return django(request, call_next)
        except Exception as error:  # noqa: BLE001  # as of a handler
            return respond_here(fail(error, Failed(request)))

    return run
