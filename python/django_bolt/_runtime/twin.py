"""Twins of response types: the same fields and the same JSON, in types that no value of the project is an instance of.

msgspec takes an instance of the very type it converts to as it is: unchecked, and with whatever a nested subclass adds.
Into a twin it has to read every field, so a conversion validates and filters at any depth, and runs no `__post_init__`.
Nothing here may touch a value.
"""

from __future__ import annotations

import dataclasses
import itertools
import sys
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, NotRequired, TypedDict, TypeVar, Union, get_args, get_origin

import msgspec

from django_bolt._plan.annotation import is_keyed, is_named_tuple, is_typed_dict, peel
from django_bolt._plan.annotation import members as union_members

__all__ = ["Field", "Twins", "fields_of", "members", "strip"]


class Field(NamedTuple):
    """One field of a Struct, dataclass or TypedDict."""

    name: str
    """Name of the attribute."""
    wire: str
    """Key in JSON."""
    type: Any
    required: bool
    default: Any
    """The default, or a factory where `is_factory`."""
    is_factory: bool


def strip(annotation: Any) -> Any:
    """Return an annotation without `Annotated`, NewType, `type` aliases and the like around it."""
    while True:
        annotation, _ = peel(annotation)
        if get_origin(annotation) not in _QUALIFIERS:
            return annotation
        annotation = get_args(annotation)[0]


_QUALIFIERS = {NotRequired, typing.Required, typing.Final}


def members(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the annotation alone, each as `strip` leaves it."""
    return tuple(strip(member) for member in union_members(strip(annotation)))


def _items_of(named_tuple: Any) -> list[Any]:
    hints = typing.get_type_hints(named_tuple, include_extras=True)
    return [hints.get(name, Any) for name in named_tuple._fields]


def fields_of(annotation: Any) -> list[Field]:
    """Return the fields of a record type, in order."""
    kind = get_origin(annotation) or annotation
    hints = _hints(annotation, kind)
    if is_typed_dict(kind):
        return [Field(name, name, hint, _is_required(kind, name, hint), None, False) for name, hint in hints.items()]
    if dataclasses.is_dataclass(kind):
        return [_dataclass_field(field, hints[field.name]) for field in dataclasses.fields(kind)]
    return [
        Field(
            field.name,
            field.encode_name,
            hints[field.name],
            field.required,
            field.default_factory if field.default is msgspec.NODEFAULT else field.default,
            field.default is msgspec.NODEFAULT,
        )
        for field in msgspec.structs.fields(kind)
    ]


def _is_required(kind: Any, name: str, hint: Any) -> bool:
    # With lazily evaluated annotations __required_keys__ has not seen NotRequired.
    if get_origin(hint) is NotRequired:
        return False
    return get_origin(hint) is typing.Required or name in kind.__required_keys__


def _dataclass_field(field: dataclasses.Field[Any], hint: Any) -> Field:
    is_factory = field.default is dataclasses.MISSING
    default = field.default_factory if is_factory else field.default
    return Field(field.name, field.name, hint, default is dataclasses.MISSING, default, is_factory)


def _hints(annotation: Any, kind: Any) -> dict[str, Any]:
    """Return the annotations of all fields, with a generic type's arguments put in."""
    hints = typing.get_type_hints(kind, include_extras=True)
    arguments: dict[Any, Any] = dict(zip(getattr(kind, "__parameters__", ()), get_args(annotation), strict=False))
    for base in itertools.chain.from_iterable(parent.__dict__.get("__orig_bases__", ()) for parent in kind.__mro__):
        for parameter, argument in zip(getattr(get_origin(base), "__parameters__", ()), get_args(base), strict=False):
            arguments.setdefault(parameter, _substitute(argument, arguments))
    if not arguments:
        return hints
    return {name: _substitute(hint, arguments) for name, hint in hints.items()}


def _substitute(hint: Any, arguments: dict[Any, Any]) -> Any:
    if isinstance(hint, TypeVar):
        found = arguments.get(hint, hint)
        return found if found is hint else _substitute(found, arguments)
    parameters = getattr(hint, "__parameters__", ())
    if not parameters or isinstance(hint, type):
        return hint
    return hint[tuple(_substitute(item, arguments) for item in parameters)]


class Twins:
    """Makes twins, one for each record type it meets, so that recursive types end.

    `strict`: every field has to be there, so that an attribute whose reading fails is never replaced by a default.
    """

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self._made: dict[Any, Any] = {}
        self._pending: dict[Any, str] = {}
        self._module = types.ModuleType(f"{__name__}.made_{next(_COUNTER)}")
        self.may_leave_out = False
        """Whether a type met so far leaves fields out of its JSON (`omit_defaults`, `UNSET`)."""

    def of(self, annotation: Any) -> Any:
        """Return the twin of a type; types without records in them are returned as they are."""
        annotation, metadata = peel(annotation)
        if metadata:
            return Annotated[(self.of(annotation), *metadata)]
        if get_origin(annotation) in _QUALIFIERS:
            return self.of(get_args(annotation)[0])
        if annotation is msgspec.UnsetType:
            self.may_leave_out = True
        if is_keyed(annotation):
            return self._record(annotation)
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin in (Union, types.UnionType):
            return Union[tuple(self.of(item) for item in arguments)]  # noqa: UP007  # members are known only now
        if is_named_tuple(annotation):
            return types.GenericAlias(tuple, tuple(self.of(item) for item in _items_of(annotation)))
        if origin is None or origin is typing.Literal:
            return annotation
        return origin[tuple(item if item is ... else self.of(item) for item in arguments)] if arguments else annotation

    def _record(self, annotation: Any) -> Any:
        if annotation in self._made:
            return self._made[annotation]
        if annotation in self._pending:
            # A recursive type: msgspec looks its name up later, in the module that it says it is from.
            sys.modules[self._module.__name__] = self._module
            return self._pending[annotation]
        kind = get_origin(annotation) or annotation
        name = f"{kind.__name__}_{next(_COUNTER)}"
        self._pending[annotation] = name
        build: Callable[[str, Any], Any] = self._typed_dict if is_typed_dict(kind) else self._struct
        twin = self._made[annotation] = build(name, annotation)
        setattr(self._module, name, twin)
        return twin

    def _typed_dict(self, name: str, annotation: Any) -> Any:
        keys = {
            field.wire: self.of(field.type) if field.required else NotRequired[self.of(field.type)]
            for field in fields_of(annotation)
        }
        namespace = {"__annotations__": keys, "__module__": self._module.__name__}
        return types.new_class(name, (TypedDict,), {}, lambda body: body.update(namespace))

    def _struct(self, name: str, annotation: Any) -> Any:
        kind = get_origin(annotation) or annotation
        config: Any = getattr(kind, "__struct_config__", None)
        options: dict[str, Any] = {}
        if config is not None:
            options = {
                "array_like": config.array_like,
                "omit_defaults": config.omit_defaults,
                "tag": config.tag,
                "tag_field": config.tag_field,
            }
            self.may_leave_out |= config.omit_defaults
        fields = [(field.name, self.of(field.type), self._default(field)) for field in fields_of(annotation)]
        # Where nothing has a default, a row of values can be given by position.
        return msgspec.defstruct(name, fields, kw_only=not self.strict, module=self._module.__name__, **options)

    def _default(self, field: Field) -> Any:
        if self.strict or field.required:
            return msgspec.field(name=field.wire)
        if field.is_factory:
            return msgspec.field(default_factory=field.default, name=field.wire)
        return msgspec.field(default=field.default, name=field.wire)


_COUNTER = itertools.count(1)
