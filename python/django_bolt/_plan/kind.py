"""How a callable runs: what it is, and whether it can be stepped once without a Task.

Decided from the callable itself and its bytecode, never from source text. Nothing here runs it.
"""

from __future__ import annotations

import dis
import functools
import inspect
import types
from collections.abc import Callable
from typing import Any, Literal

CallKind = Literal["async", "sync", "class", "async_gen", "gen"]

# Instructions by which a coroutine may give control back, in CPython 3.11 to 3.14. A coroutine function without any of
# them runs from start to end in one step.
SUSPENSIONS = frozenset(
    {
        "ASYNC_GEN_WRAP",
        "BEFORE_ASYNC_WITH",
        "END_ASYNC_FOR",
        "GET_AITER",
        "GET_ANEXT",
        "GET_AWAITABLE",
        "GET_YIELD_FROM_ITER",
        "SEND",
        "YIELD_VALUE",
    }
)


def call_kind(call: Callable[..., Any]) -> CallKind:
    """Return what happens when a callable is called; for a decorated function the decorator's result counts."""
    if inspect.isclass(call):
        return "class"
    called = _called(call)
    if inspect.isasyncgenfunction(called):
        return "async_gen"
    if inspect.isgeneratorfunction(called):
        return "gen"
    return "async" if _is_coroutine(call) or _is_coroutine(called) else "sync"


def _is_coroutine(call: Any) -> bool:
    # The attribute is how asgiref marks callables on Python 3.11; later ones have it in `inspect`.
    return inspect.iscoroutinefunction(call) or getattr(call, "_is_coroutine", None) is not None


def never_suspends(call: Callable[..., Any]) -> bool:
    """Tell whether a callable is a coroutine function with no suspension point."""
    called = _called(call)
    if inspect.ismethod(called):
        called = called.__func__
    if not isinstance(called, types.FunctionType) or not inspect.iscoroutinefunction(called):
        return False
    return not any(instruction.opname in SUSPENSIONS for instruction in dis.get_instructions(called.__code__))


def _called(call: Any) -> Any:
    """Return the function or method that a call ends in: inside a partial, or the `__call__` of an instance."""
    while isinstance(call, functools.partial):
        call = call.func
    if inspect.isroutine(call) or inspect.isclass(call):
        return call
    return call.__call__
