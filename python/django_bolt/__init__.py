"""django-bolt: APIs for Django, served from Rust. The names that projects import; nothing in the package imports them.

They are loaded when they are first asked for: `settings.py` itself may import from here, before there are settings.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django_bolt.application import BoltAPI
    from django_bolt.dependencies import Depends
    from django_bolt.params import Body, Cookie, Form, Header, Path, Query
    from django_bolt.request import Request
    from django_bolt.router import Router

    __version__: str

__all__ = [
    "Body",
    "BoltAPI",
    "Cookie",
    "Depends",
    "Form",
    "Header",
    "Path",
    "Query",
    "Request",
    "Router",
    "__version__",
]

_HOMES = {
    "BoltAPI": "application",
    "Depends": "dependencies",
    **dict.fromkeys(("Body", "Cookie", "Form", "Header", "Path", "Query"), "params"),
    "Request": "request",
    "Router": "router",
}


def __getattr__(name: str) -> Any:
    value: Any
    if name == "__version__":
        value = importlib.import_module(f"{__name__}.version").installed_version()
    elif name in _HOMES:
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
