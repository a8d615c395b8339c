"""The body a route reads, made of every parameter that comes from it.

One parameter is the whole body; several, or one with `embed=True`, are keys of one object. Which parameter comes from
the body is decided in `source.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from django_bolt._plan.annotation import peel, spell, without_none
from django_bolt._plan.errors import PlanError
from django_bolt._plan.model import Body, BodyArgument, BytesBody, JsonBody, RawBody
from django_bolt._plan.node import Ref
from django_bolt._plan.signature import Factory
from django_bolt._plan.slot import BodyPart


def plan_body(parts: Sequence[BodyPart], *, reads_request: bool) -> tuple[Body | None, Any, list[BodyArgument]]:
    """Return the body, its type (`UNSET` where none is decoded) and the argument of each part, in order.

    Raises `PlanError` for parts that cannot share one body.
    """
    if not parts:
        return (RawBody() if reads_request else None), UNSET, []
    raw = [part for part in parts if _is_bytes(part.annotation)]
    if raw and len(parts) > 1:
        others = ", ".join(repr(part.name) for part in parts if part is not raw[0])
        raise PlanError(f"{raw[0].name!r} takes the body as bytes, and {others} takes from the same body; keep one")
    if raw:
        return BytesBody(default=_default(raw[0])), bytes, [BodyArgument()]
    if len(parts) > 1 or parts[0].embed:
        return _embedded(parts)
    if parts[0].renamed:
        raise PlanError(
            f"{parts[0].name!r} is the alias of a parameter that takes the whole body; add embed=True to read that "
            "key, or drop the alias"
        )
    return _json(parts[0].annotation, _default(parts[0])), parts[0].annotation, [BodyArgument()]


def _is_bytes(annotation: Any) -> bool:
    return any(peel(member)[0] is bytes for member in without_none(annotation))


def _default(part: BodyPart) -> Ref | None:
    return None if part.default is UNSET else Ref(part.default)


def _json(annotation: Any, default: Ref | None) -> JsonBody:
    return JsonBody(decode=Ref(msgspec.json.Decoder(annotation).decode), default=default)


def _embedded(parts: Sequence[BodyPart]) -> tuple[Body, Any, list[BodyArgument]]:
    """Return an object with a key for each part; a part that is absent takes its default."""
    seen: dict[str, BodyPart] = {}
    for part in parts:
        other = seen.setdefault(part.name, part)
        if other is not part:
            raise PlanError(
                f"two parameters take the key {part.name!r} of the body, as {spell(other.annotation)} and as "
                f"{spell(part.annotation)}; give one of them an alias"
            )
    attributes = [f"part_{index}" for index in range(len(parts))]
    fields = [
        (attribute, part.annotation, msgspec.field(name=part.name, **_field_default(part.default)))
        for attribute, part in zip(attributes, parts, strict=True)
    ]
    kind = msgspec.defstruct("Body", fields, kw_only=True)
    optional = all(part.default is not UNSET for part in parts)
    # Built without its factories: the runner makes these values, for the object itself is shared by all requests.
    given = {name: part.default for name, part in zip(attributes, parts, strict=True)}
    default = Ref(kind(**given)) if optional else None
    return _json(kind, default), kind, [BodyArgument(field=attribute) for attribute in attributes]


def _field_default(default: Any) -> dict[str, Any]:
    if default is UNSET:
        return {}
    return {"default_factory": default.make} if isinstance(default, Factory) else {"default": default}
