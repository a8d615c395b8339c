"""Whether a function is the one that Django defines: packages put others in its place, to cache or trace.

Only what is Django's own may be passed by. Nothing here may know what a function does.
"""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import Any

__all__ = ["is_djangos"]


def is_djangos(function: Any) -> bool:
    """Tell whether a function or method, and what it wraps, was defined in a module of Django's.

    The wrappers of tracers look like what they wrap, and are equal to it: ask what they are, and compare with `is`.
    """
    while function is not None:
        if type(function) not in (FunctionType, MethodType):
            return False
        names: dict[str, Any] = getattr(function, "__globals__", {})
        if not names.get("__name__", "").startswith("django."):
            return False
        function = getattr(function, "__wrapped__", None)
    return True
