"""A Struct, dataclass or TypedDict whose fields are parameters: `filters: Annotated[Filters, Query()]`.

Only where its fields come from and how each is coerced; checking a record in a JSON body is msgspec's work.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET

from django_bolt._plan.annotation import peel, spell
from django_bolt._plan.coerce import coerce
from django_bolt._plan.constraint import constrain
from django_bolt._plan.errors import PlanError, UnresolvedName, about
from django_bolt._plan.model import Group, GroupField, Source
from django_bolt._plan.node import Ref
from django_bolt._plan.signature import Parameter
from django_bolt._plan.slot import ParameterInfo, Slot
from django_bolt.params import Marker


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field of a record."""

    name: str
    """Keyword of the constructor."""
    encoded: str
    """Name in JSON: differs from `name` where the record renames it."""
    annotation: Any
    required: bool
    default: Any = UNSET


def group_slot(parameter: Parameter, record: Any, marker: Marker, source: Source) -> Slot:
    """Return the argument for a parameter of type `record`, whose fields come from `source`; raises `PlanError`."""
    bare, _ = peel(record)
    kind = typing.get_origin(bare) or bare
    wrong = sorted([*marker.constraints, *(["alias"] if marker.alias else [])])
    if wrong:
        raise PlanError(f"has {wrong[0]}=, which does not fit {spell(bare)}: its fields have their own")
    fields, infos = [], []
    for field in read_fields(bare):
        with about(f"field {field.name!r} of {spell(bare)}"):
            annotation = constrain(field.annotation, {})
            wire = wire_name(source, field.name, field.encoded if field.encoded != field.name else None)
            fields.append(GroupField(keyword=field.name, required=field.required, wire=wire, coerce=coerce(annotation)))
            infos.append(
                ParameterInfo(
                    source=source,
                    wire=wire,
                    annotation=annotation,
                    required=field.required and parameter.default is UNSET,
                    default=field.default,
                    description=describe(field.annotation),
                )
            )
    default = None if parameter.default is UNSET else Ref(parameter.default)
    group = Group(source=source, build=Ref(kind), fields=fields, default=default)
    return Slot(argument=group, default=parameter.default, infos=tuple(infos))


def wire_name(source: Source, name: str, alias: str | None) -> str:
    """Return what a parameter is called on the wire: `x_api_key` is `x-api-key` in a header."""
    if alias is not None and (not alias or any(character in alias for character in "\r\n\0")):
        raise PlanError(f"has the alias {alias!r}, expected a name")
    if source == "header":
        if alias is not None and "_" in alias:
            raise PlanError(
                f"has the alias {alias!r}, but header fields with underscores are dropped, since {alias!r} would pass "
                f"for {alias.replace('_', '-')!r}; use hyphens"
            )
        return (alias or name.replace("_", "-")).lower()
    return alias or name


def describe(annotation: Any) -> str | None:
    """Return the description in a type's own Meta."""
    texts = [value.description for value in peel(annotation)[1] if isinstance(value, msgspec.Meta)]
    return next((text for text in reversed(texts) if text), None)


def read_fields(record: Any) -> list[Field]:
    """Return the fields of a Struct, dataclass, attrs class or TypedDict; raises `PlanError` for other records."""
    kind = typing.get_origin(record) or record
    try:
        if issubclass(kind, msgspec.Struct):
            return list(_of_struct(record))
        if dataclasses.is_dataclass(kind):
            return list(_of_dataclass(kind))
        if typing.is_typeddict(kind):
            return list(_of_typed_dict(kind))
    except NameError as error:
        raise UnresolvedName(
            f"{error.name or error} in a field of {spell(record)} is no name at the top level of {kind.__module__}"
        ) from error
    raise PlanError(f"is annotated {spell(record)}; only a Struct, a dataclass and a TypedDict can group parameters")


def _of_struct(record: Any) -> Iterator[Field]:
    for field in msgspec.structs.fields(record):
        yield Field(
            name=field.name,
            encoded=field.encode_name,
            annotation=field.type,
            required=field.required,
            default=UNSET if field.default is msgspec.NODEFAULT else field.default,
        )


def _of_dataclass(kind: Any) -> Iterator[Field]:
    hints = typing.get_type_hints(kind, include_extras=True)
    for field in dataclasses.fields(kind):
        if field.init:
            plain = field.default is not dataclasses.MISSING
            yield Field(
                name=field.name,
                encoded=field.name,
                annotation=hints[field.name],
                required=not plain and field.default_factory is dataclasses.MISSING,
                default=field.default if plain else UNSET,
            )


def _of_typed_dict(kind: Any) -> Iterator[Field]:
    for name, annotation in typing.get_type_hints(kind, include_extras=True).items():
        # Where annotations are strings, the class itself does not know what is `Required`.
        required = name in kind.__required_keys__
        while typing.get_origin(annotation) in (typing.Required, typing.NotRequired):
            required = typing.get_origin(annotation) is typing.Required
            annotation = annotation.__args__[0]
        yield Field(name=name, encoded=name, annotation=annotation, required=required)
