"""Models into plain data: exactly the fields that a response type names, read from instances, QuerySets and managers.

Nothing here may validate (a conversion follows) or decide in which thread the database is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, get_args, get_origin

import msgspec
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Manager, Model, QuerySet, prefetch_related_objects

from django_bolt._runtime.twin import Field, fields_of, is_record, members, strip

__all__ = ["Reader", "holds_rows"]

Read = Callable[[Any], Any]

_MANY = (list, tuple, set, frozenset)
_ROWS = (Model, QuerySet, Manager)


def holds_rows(value: Any) -> bool:
    """Return whether a value is a model instance, a QuerySet, a manager, or a list that starts with an instance."""
    if type(value) is list:
        return bool(value) and isinstance(value[0], Model)
    return isinstance(value, _ROWS)


class Reader:
    """Reads any value by a response type: objects become dicts of the type's fields, everything else stays as it is."""

    def __init__(self, annotation: Any) -> None:
        self._annotation = annotation
        self._records: dict[Any, Read] = {}
        self._lookups: dict[type[Model], list[str]] = {}
        self._read = self._of(annotation)

    def read(self, value: Any) -> Any:
        """Return `value` as dicts, lists and scalars; asks the database for what is not loaded."""
        if isinstance(value, Manager):
            value = value.all()
        if isinstance(value, QuerySet):
            value = list(value)
        rows = value if isinstance(value, list) else [value]
        kinds = {type(row) for row in rows}
        # One query for each relation the type names, instead of one for each row; what is loaded already is kept.
        if len(kinds) == 1 and issubclass(kind := kinds.pop(), Model) and (lookups := self._relations(kind)):
            prefetch_related_objects(rows, *lookups)
        return self._read(value)

    def _relations(self, model: type[Model]) -> list[str]:
        if model not in self._lookups:
            self._lookups[model] = list(_lookups(model, _item(self._annotation), ()))
        return self._lookups[model]

    def _of(self, annotation: Any) -> Read:
        choices = [self._one(item) for item in members(annotation) if item is not type(None)]
        read = choices[0][1] if len(choices) == 1 else _choose(choices)
        return lambda value: None if value is None else read(value)

    def _one(self, annotation: Any) -> tuple[Any, Read]:
        """Return the type and its reader."""
        origin = get_origin(annotation) or annotation
        if annotation is Any or annotation is object:
            return annotation, _as_it_is
        if is_record(annotation):
            return origin, self._record(annotation)
        arguments = get_args(annotation)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return origin, _values(self._of(arguments[1])) if arguments else _as_it_is
        if isinstance(origin, type) and issubclass(origin, Collection) and not issubclass(origin, str | bytes):
            items = [self._of(item) for item in arguments if item is not ...] or [_as_it_is]
            return origin, _each(items, fixed=issubclass(origin, tuple) and ... not in arguments)
        return origin, _scalar

    def _record(self, annotation: Any) -> Read:
        if annotation not in self._records:
            # Entered before its fields are read: a recursive type finds itself.
            fields: list[tuple[Field, Read]] = []
            self._records[annotation] = _record(annotation, fields)
            fields += [(field, self._of(field.type)) for field in fields_of(annotation)]
        return self._records[annotation]


def _as_it_is(value: Any) -> Any:
    return value


def _scalar(value: Any) -> Any:
    # Where the type has a scalar for a related row, its key is meant.
    return value.pk if isinstance(value, Model) else value


def _values(read: Read) -> Read:
    def mapping(value: Any) -> Any:
        return {key: read(item) for key, item in value.items()} if isinstance(value, Mapping) else value

    return mapping


def _each(items: Sequence[Read], *, fixed: bool) -> Read:
    def many(value: Any) -> Any:
        if isinstance(value, Manager):
            value = value.all()
        if not isinstance(value, (QuerySet, *_MANY)):
            return value
        if fixed and len(items) == len(value):
            return [read(item) for read, item in zip(items, value, strict=True)]
        return [items[0](item) for item in value]

    return many


def _choose(choices: Sequence[tuple[Any, Read]]) -> Read:
    """Return the reader of a union: by the value's own type, else the only record, else as it is."""
    records = [read for kind, read in choices if is_record(kind)]
    collections = [read for kind, read in choices if isinstance(kind, type) and issubclass(kind, _MANY)]

    def union(value: Any) -> Any:
        for kind, read in choices:
            if isinstance(kind, type) and not issubclass(kind, dict) and isinstance(value, kind):
                return read(value)
        if isinstance(value, (Manager, QuerySet, *_MANY)):
            return collections[0](value) if collections else value
        if isinstance(value, Model):
            return records[0](value) if len(records) == 1 else value if records else value.pk
        return value

    return union


def _record(annotation: Any, fields: Sequence[tuple[Field, Read]]) -> Read:
    config = getattr(get_origin(annotation) or annotation, "__struct_config__", None)
    tag = {} if config is None or config.tag is None else {config.tag_field: config.tag}
    as_array = config is not None and config.array_like

    def record(value: Any) -> Any:
        if value is None or isinstance(value, (str, bytes, int, float, *_MANY)):
            return value
        row: dict[str, Any] = dict(tag)
        for field, read in fields:
            found = _attribute(value, field)
            if found is not msgspec.UNSET:
                row[field.wire] = read(found)
        return list(row.values()) if as_array else row

    return record


def _attribute(value: Any, field: Field) -> Any:
    """Return one field of an object or mapping; UNSET where it has none."""
    if isinstance(value, Mapping):
        # A row of `.values()` has the attribute's name, where the type may rename it on the wire.
        return value[field.wire] if field.wire in value else value.get(field.name, msgspec.UNSET)
    name = field.name
    if isinstance(value, Model) and not _holds_record(field.type):
        # The key of a related row is on this row already: no query.
        relation = _relation_fields(type(value)).get(name)
        name = getattr(relation, "attname", name)
    try:
        return getattr(value, name)
    except ObjectDoesNotExist:
        return None  # The other side of a one-to-one relation that nobody has filled.
    except AttributeError:
        return msgspec.UNSET


# Relations ----------------------------------------------------------------------------------


def _item(annotation: Any) -> Any:
    """Return the record in a type, at any depth of lists and unions, or None."""
    for member in members(annotation):
        if is_record(member):
            return member
        origin = get_origin(member)
        if isinstance(origin, type) and issubclass(origin, Collection) and not issubclass(origin, Mapping):
            for argument in get_args(member):
                found = None if argument is ... else _item(argument)
                if found is not None:
                    return found
    return None


def _holds_record(annotation: Any) -> bool:
    return strip(annotation) in (Any, object) or _item(annotation) is not None


def _relation_fields(model: type[Model]) -> dict[str, Any]:
    """Return the model's relations by the name of the attribute that holds them."""
    forward = {field.name: field for field in model._meta.get_fields() if field.is_relation and not field.auto_created}
    return forward | {str(relation.get_accessor_name()): relation for relation in model._meta.related_objects}


def _lookups(model: type[Model], record: Any, seen: tuple[Any, ...]) -> list[str]:
    """Return what to prefetch for rows of `model` read as `record`; a recursive type is followed once."""
    if record is None or record in seen:
        return []
    lookups: list[str] = []
    relations = _relation_fields(model)
    for field in fields_of(record):
        relation = relations.get(field.name)
        if relation is None or relation.related_model is None or isinstance(relation.related_model, str):
            continue
        nested = _item(field.type)
        many = relation.many_to_many or relation.one_to_many
        if nested is None and not many:
            continue
        lookups.append(field.name)
        deeper = _lookups(relation.related_model, nested, (*seen, record))
        lookups += [f"{field.name}__{lookup}" for lookup in deeper]
    return lookups
