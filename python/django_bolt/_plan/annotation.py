"""Types as they are written: taking aliases, `Annotated`, unions and containers apart.

What a type means for a parameter is decided elsewhere; nothing here knows a source or a coercion.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import types
import typing
from typing import Any

import msgspec

NoneType = type(None)

MAPPINGS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)

# What a repeated parameter may be collected into: the written type, and what its items are put in.
COLLECTIONS: dict[Any, type] = {
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
    collections.abc.Collection: list,
    collections.abc.Sequence: list,
    collections.abc.MutableSequence: list,
    collections.abc.Set: set,
    collections.abc.MutableSet: set,
}


def peel(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return a type without `Annotated`, NewType and `type` aliases around it, and the metadata, innermost first."""
    metadata: tuple[Any, ...] = ()
    while True:
        if typing.get_origin(annotation) is typing.Annotated:
            metadata = (*annotation.__metadata__, *metadata)
            annotation = annotation.__origin__
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        elif type(typing.get_origin(annotation)).__name__ == "TypeAliasType":
            annotation = annotation.__origin__.__value__[annotation.__args__]
        else:
            return annotation, metadata


def members(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the type itself as the only one; aliases and unions inside are followed."""
    bare, _ = peel(annotation)
    if typing.get_origin(bare) not in (typing.Union, types.UnionType):
        return (annotation,)
    return tuple(inner for member in bare.__args__ for inner in members(member))


def without_none(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union that are not `None`."""
    return tuple(member for member in members(annotation) if peel(member)[0] not in (None, NoneType))


def union(kinds: typing.Iterable[Any]) -> Any:
    """Return the union of one or more types."""
    return typing.Union[tuple(kinds)]  # noqa: UP007


def collection(annotation: Any) -> type | None:
    """Return what the items of a list-like type are put in (list, tuple, set or frozenset), or `None` for others."""
    bare, _ = peel(annotation)
    into = COLLECTIONS.get(typing.get_origin(bare) or bare) if is_hashable(bare) else None
    return None if into is tuple and is_fixed_tuple(bare) else into


def is_fixed_tuple(bare: Any) -> bool:
    """Tell whether a type is a tuple whose length is written down: `tuple[int, str]`, not `tuple[int, ...]`."""
    arguments = typing.get_args(bare)
    return typing.get_origin(bare) is tuple and not (len(arguments) == 2 and arguments[1] is Ellipsis)


def item_of(annotation: Any) -> Any:
    """Return the type of a list-like type's items, `Any` where it is not written down."""
    arguments = typing.get_args(peel(annotation)[0])
    return arguments[0] if arguments else Any


def is_record(annotation: Any) -> bool:
    """Tell whether a type has named fields: a Struct, dataclass, attrs class, TypedDict or NamedTuple."""
    bare, _ = peel(annotation)
    bare = typing.get_origin(bare) or bare
    return is_keyed(bare) or is_named_tuple(bare) or (isinstance(bare, type) and hasattr(bare, "__attrs_attrs__"))


def is_keyed(bare: Any) -> bool:
    """Tell whether a type is a Struct, dataclass or TypedDict, with or without type arguments."""
    kind = typing.get_origin(bare) or bare
    return isinstance(kind, type) and (
        issubclass(kind, msgspec.Struct) or dataclasses.is_dataclass(kind) or is_typed_dict(kind)
    )


def is_typed_dict(kind: Any) -> bool:
    """Tell whether a class is a TypedDict, that of typing_extensions included, which `typing` does not know."""
    return isinstance(kind, type) and issubclass(kind, dict) and hasattr(kind, "__required_keys__")


def is_named_tuple(kind: Any) -> bool:
    """Tell whether a class is a NamedTuple."""
    return isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")


def is_mapping(annotation: Any) -> bool:
    """Tell whether a type is a dict or one of its abstract relatives."""
    bare, _ = peel(annotation)
    return (typing.get_origin(bare) or bare) in MAPPINGS


def is_document(annotation: Any) -> bool:
    """Tell whether only a document can hold a type: a record, a dict, and any list or union with one of these in it."""
    if len(members(annotation)) > 1:
        return any(is_document(member) for member in members(annotation))
    if collection(annotation) is not None:
        return is_document(item_of(annotation))
    return is_record(annotation) or is_mapping(annotation)


def is_hashable(value: Any) -> bool:
    """Tell whether a value can be hashed: what cannot is taken for mutable."""
    try:
        hash(value)
    except TypeError:
        return False
    return True


def spell(annotation: Any) -> str:
    """Return a type as its author would write it."""
    if annotation is NoneType or annotation is None:
        return "None"
    if annotation is Ellipsis:
        return "..."
    if len(members(annotation)) > 1 and typing.get_origin(annotation) is not typing.Annotated:
        return " | ".join(spell(member) for member in members(annotation))
    if typing.get_origin(annotation) is typing.Annotated:
        return f"Annotated[{spell(annotation.__origin__)}, {', '.join(map(spell_metadata, annotation.__metadata__))}]"
    if typing.get_origin(annotation) is typing.Literal:
        return f"Literal[{', '.join(repr(value) for value in annotation.__args__)}]"
    if arguments := typing.get_args(annotation):
        return f"{spell(typing.get_origin(annotation))}[{', '.join(map(spell, arguments))}]"
    return getattr(annotation, "__name__", None) or repr(annotation)


def spell_metadata(value: Any) -> str:
    """Return a piece of metadata as its author would write it."""
    return repr(value).removeprefix("msgspec.")
