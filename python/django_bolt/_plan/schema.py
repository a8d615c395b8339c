"""Tells whether msgspec can decode and encode a type.

Nothing here decides what a type is used for.
"""

from __future__ import annotations

from typing import Any

import msgspec

from django_bolt._plan.annotation import spell
from django_bolt._plan.errors import PlanError, UnresolvedName


def check_schema(annotation: Any) -> None:
    """Raise `PlanError` for a type that msgspec does not know, at any depth."""
    try:
        msgspec.json.Decoder(annotation)
        unknown = _unknown(msgspec.inspect.type_info(annotation), set())
    except NameError as error:
        raise UnresolvedName(
            f"{error.name or error} in a field of {spell(annotation)} is no name at the top level of its module"
        ) from error
    except (TypeError, ValueError) as error:
        raise PlanError(f"{spell(annotation)} is no type that msgspec can handle: {error}") from error
    if unknown is not None:
        inside = "" if unknown is annotation else f" inside {spell(annotation)}"
        raise PlanError(
            f"{spell(unknown)}{inside} is no type that msgspec can handle; name its fields in a msgspec.Struct, "
            "a dataclass or a TypedDict"
        )


def _unknown(info: Any, seen: set[int]) -> Any:
    """Return the first class below `info` that msgspec has no rule for, `None` where there is none."""
    if id(info) in seen:
        return None
    seen.add(id(info))
    if isinstance(info, msgspec.inspect.CustomType):
        return info.cls
    parts: list[Any] = list(getattr(info, "fields", ())) + list(getattr(info, "types", ()))
    parts += list(getattr(info, "item_types", ()))
    parts += [getattr(info, name, None) for name in ("item_type", "key_type", "value_type", "type")]
    for part in parts:
        if part is not None and (found := _unknown(part, seen)) is not None:
            return found
    return None
