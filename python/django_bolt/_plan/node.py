"""What every part of a plan is made of: tagged nodes, and references to Python objects."""

from __future__ import annotations

from typing import Any

import msgspec


class Ref:
    """A Python object that crosses beside the plan; in the serialised plan it is an index."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"Ref({getattr(self.value, '__qualname__', None) or repr(self.value)})"


class Secret(Ref):
    """One that nobody is shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(…)"


class Node(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=str.lower):
    """Base of every tagged part of a plan."""
