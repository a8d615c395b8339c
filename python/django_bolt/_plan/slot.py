"""One flat argument of what Rust calls: where its value comes from, and how it is described.

Data only; `source.py` and `group.py` make it, `graph.py` and `compile.py` put it in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from django_bolt._plan.model import Argument, Group, Source


@dataclass(frozen=True, kw_only=True, slots=True)
class ParameterInfo:
    """What the documentation says about one value that a route reads."""

    source: Source
    wire: str
    """Name on the wire; headers in lower case."""
    annotation: Any
    """The type with its constraints in `Annotated`, as msgspec takes it."""
    required: bool
    default: Any = UNSET
    """Value used when it is absent; `UNSET` where it is required or made anew for each request."""
    description: str | None = None
    title: str | None = None
    examples: tuple[Any, ...] = ()
    deprecated: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """One flat argument that is no body."""

    argument: Argument
    default: Any = UNSET
    """`UNSET` where required; a `Factory` where the runner makes it."""
    infos: tuple[ParameterInfo, ...] = ()

    def same(self, other: Slot | BodyPart) -> bool:
        """Tell whether one lookup can serve both."""
        return (
            isinstance(other, Slot)
            and type(self.argument) is type(other.argument)
            and type(self.default) is type(other.default)
            and self.infos == other.infos
            and self.default == other.default
            and _record(self.argument) is _record(other.argument)
        )


def _record(argument: Argument) -> Any:
    return argument.build.value if isinstance(argument, Group) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class BodyPart:
    """One parameter that comes from the body: all of it, or one key of it."""

    name: str
    """Key in an embedding object."""
    annotation: Any
    default: Any
    embed: bool
    renamed: bool = False
    """True: `name` was given as an alias."""

    def same(self, other: Slot | BodyPart) -> bool:
        """Tell whether one decoded value can serve both."""
        return isinstance(other, BodyPart) and type(self.default) is type(other.default) and self == other
