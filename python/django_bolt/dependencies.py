"""`Depends`: a parameter whose value another callable makes.

A marker only: the order of the calls is worked out by `_plan/graph.py` and run by `_runtime/run.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Depends"]


@dataclass(frozen=True, slots=True)
class Dependency:
    """What `Depends(...)` recorded."""

    call: Callable[..., Any] | None
    """What makes the value; `None` means the class in the parameter's annotation."""
    use_cache: bool = True


def Depends(call: Callable[..., Any] | None = None, *, use_cache: bool = True) -> Any:  # noqa: N802
    """Fill a parameter with what `call` returns: a function (async or not), a class, or a generator that yields once.

    `call` takes parameters exactly as a handler does, other dependencies included. It runs once for a request, however
    many parameters ask for it; with `use_cache=False` once for each of them. What a generator does after its `yield`
    runs when the response has been sent. Without `call` the class in the parameter's annotation is called.

    Works as a default (`user=Depends(current_user)`) and in `Annotated[User, Depends(current_user)]`. A cycle of
    dependencies is a `PlanError` when the route is registered.
    """
    return Dependency(call, use_cache)
