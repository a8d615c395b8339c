"""Whether a function is the one that Django defines: packages put others in its place, to cache or trace.

Only what is Django's own may be passed by. Nothing here may know what a function does.
"""

from __future__ import annotations

from typing import Any

__all__ = ["is_djangos"]


def is_djangos(function: Any) -> bool:
    """Tell whether a function or method, and what it wraps, was defined in a module of Django's."""
    while function is not None:
        names: dict[str, Any] = getattr(function, "__globals__", {})
        if not names.get("__name__", "").startswith("django."):
            return False
        function = getattr(function, "__wrapped__", None)
    return True
