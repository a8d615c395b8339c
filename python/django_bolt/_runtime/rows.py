"""Models into plain data: exactly the fields that a response type names, read from instances, QuerySets and managers.

Nothing here may validate (a conversion follows) or decide in which thread the database is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, get_args, get_origin

import msgspec
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Manager, Model, QuerySet, prefetch_related_objects

from django_bolt._plan.annotation import collection, is_keyed, item_of
from django_bolt._runtime.twin import Field, fields_of, members, strip
from django_bolt.orm.plan import RowPlans, Wanted

__all__ = ["Reader", "asks_database", "attribute_names", "holds_rows", "is_scalar", "mappings", "only_record"]

Read = Callable[[Any], Any]
Row = tuple[Any, ...]

_MANY = (list, tuple, set, frozenset)
_ROWS = (Model, QuerySet, Manager)


def holds_rows(value: Any) -> bool:
    """Return whether a value is a model instance, a QuerySet, a manager, or a list that starts with an instance."""
    if type(value) is list:
        return bool(value) and isinstance(value[0], Model)
    return isinstance(value, _ROWS)


def asks_database(value: Any) -> bool:
    """Return whether a value cannot be read without a query: a manager, or a QuerySet that was not evaluated."""
    return isinstance(value, Manager) or (isinstance(value, QuerySet) and value._result_cache is None)


class Reader:
    """Reads any value by a response type: objects become dicts of the type's fields, everything else stays as it is."""

    def __init__(self, annotation: Any) -> None:
        self._annotation = annotation
        self._records: dict[Any, Read] = {}
        self._plans: dict[Any, RowPlans] = {}
        self._lookups: dict[type[Model], list[str]] = {}
        self._read = self._of(annotation)

    def read(self, value: Any) -> Any:
        """Return `value` as dicts, lists and scalars; asks the database for what is not loaded."""
        if isinstance(value, (Manager, QuerySet)):
            value = self._load(value, _row_type(self._annotation))
        rows = value if isinstance(value, list) else [value]
        kinds = {type(row) for row in rows}
        # One query for each relation the type names, instead of one for each row; what is loaded already is kept.
        if len(kinds) == 1 and issubclass(kind := kinds.pop(), Model) and (lookups := self._relations(kind)):
            prefetch_related_objects(rows, *lookups)
        return self._read(value)

    def rows(self, queryset: QuerySet[Any], record: Any) -> list[Row] | None:
        """Return the fields of `record` for each row, `None` where the QuerySet has to be read as instances."""
        if record not in self._plans:
            wanted = [Wanted(field.name, not _holds_record(field.type)) for field in fields_of(record)]
            self._plans[record] = RowPlans(wanted)
        return self._plans[record].read(queryset)

    def _relations(self, model: type[Model]) -> list[str]:
        if model not in self._lookups:
            self._lookups[model] = list(_lookups(model, _item(self._annotation), ()))
        return self._lookups[model]

    def _load(self, value: Manager[Any] | QuerySet[Any], record: Any) -> list[Any]:
        """Return the rows of a QuerySet as mappings of columns where a single `record` says what is read of them."""
        queryset = value.all() if isinstance(value, Manager) else value
        rows = None if record is None else self.rows(queryset, record)
        if rows is None:
            return list(queryset)
        return mappings(rows, fields_of(record))

    def _of(self, annotation: Any) -> Read:
        choices = [self._one(item) for item in members(annotation) if item is not type(None)]
        read = choices[0][1] if len(choices) == 1 else _choose(choices)
        return read if read in (_scalar, _as_it_is) else lambda value: None if value is None else read(value)

    def _one(self, annotation: Any) -> tuple[Any, Read]:
        """Return the type and its reader."""
        origin = get_origin(annotation) or annotation
        if annotation is Any or annotation is object:
            return annotation, _as_it_is
        if is_keyed(annotation):
            return origin, self._record(annotation)
        arguments = get_args(annotation)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return origin, _values(self._of(arguments[1])) if arguments else _as_it_is
        if _is_many(origin):
            return origin, self._each(annotation, fixed=issubclass(origin, tuple) and ... not in arguments)
        return origin, _scalar

    def _each(self, annotation: Any, *, fixed: bool) -> Read:
        items = [self._of(item) for item in get_args(annotation) if item is not ...] or [_as_it_is]
        record = _row_type(annotation)

        def many(value: Any) -> Any:
            if isinstance(value, (Manager, QuerySet)):
                value = self._load(value, record)
            if not isinstance(value, _MANY):
                return value
            if fixed and len(items) == len(value):
                return [read(item) for read, item in zip(items, value, strict=True)]
            return [items[0](item) for item in value]

        return many

    def _record(self, annotation: Any) -> Read:
        if annotation not in self._records:
            # Entered before its fields are read: a recursive type finds itself.
            fields: list[tuple[Field, Read]] = []
            self._records[annotation] = _record(annotation, fields)
            fields += [(field, self._of(field.type)) for field in fields_of(annotation)]
        return self._records[annotation]


def _is_many(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Collection) and not issubclass(origin, str | bytes)


def _as_it_is(value: Any) -> Any:
    return value


def _scalar(value: Any) -> Any:
    # Where the type has a scalar for a related row, its key is meant.
    return value.pk if isinstance(value, Model) else value


def _values(read: Read) -> Read:
    def mapping(value: Any) -> Any:
        return {key: read(item) for key, item in value.items()} if isinstance(value, Mapping) else value

    return mapping


def _choose(choices: Sequence[tuple[Any, Read]]) -> Read:
    """Return the reader of a union: by the value's own type, else the only record, else as it is."""
    records = [read for kind, read in choices if is_keyed(kind)]
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
    names: dict[type[Model], list[str]] = {}

    def record(value: Any) -> Any:
        if value is None or isinstance(value, (str, bytes, int, float, *_MANY)):
            return value
        row: dict[str, Any] = dict(tag)
        if isinstance(value, Mapping):
            for field, read in fields:
                # A row of `.values()` has the attribute's name, where the type may rename it on the wire.
                found = value[field.wire] if field.wire in value else value.get(field.name, msgspec.UNSET)
                if found is not msgspec.UNSET:
                    row[field.wire] = read(found)
        elif isinstance(value, Model):
            kind = value.__class__  # Not its type: `request.user` is a lazy object.
            if kind not in names:
                names[kind] = attribute_names(kind, [field for field, _ in fields])
            for (field, read), name in zip(fields, names[kind], strict=True):
                _put(row, field, read, value, name)
        else:
            for field, read in fields:
                _put(row, field, read, value, field.name)
        return list(row.values()) if as_array else row

    return record


def _put(row: dict[str, Any], field: Field, read: Read, value: Any, name: str) -> None:
    """Enter one attribute of an object, nothing where it has none."""
    try:
        found = getattr(value, name)
    except ObjectDoesNotExist:
        found = None  # The other side of a one-to-one relation that nobody has filled.
    except AttributeError:
        return
    if found is not msgspec.UNSET:
        row[field.wire] = read(found)


def mappings(rows: Sequence[Row], fields: Sequence[Field]) -> list[dict[str, Any]]:
    """Return rows of a record's fields, in order, as dicts by their JSON keys."""
    wires = [field.wire for field in fields]
    return [dict(zip(wires, row, strict=True)) for row in rows]


# Types --------------------------------------------------------------------------------------


def is_scalar(annotation: Any) -> bool:
    """Return whether a value of the type is read as it is: nothing in the type has fields, items or keys."""
    return all(_is_scalar(member) for member in members(annotation))


def _is_scalar(member: Any) -> bool:
    origin = get_origin(member) or member
    return (
        not is_keyed(member) and not _is_many(origin) and not (isinstance(origin, type) and issubclass(origin, Mapping))
    )


def only_record(annotation: Any) -> Any:
    """Return the record that a type is, `None` beside it allowed; `None` for another type."""
    found = [member for member in members(annotation) if member is not type(None)]
    return found[0] if len(found) == 1 and is_keyed(found[0]) else None


def _row_type(annotation: Any) -> Any:
    """Return the record that the items of a list are; `None` where the type may hold something else."""
    lists = [member for member in members(annotation) if _is_many(get_origin(member) or member)]
    return only_record(item_of(lists[0])) if len(lists) == 1 and collection(lists[0]) is not None else None


def _item(annotation: Any) -> Any:
    """Return the record in a type, at any depth of lists and unions, or None."""
    for member in members(annotation):
        if is_keyed(member):
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


# Relations ----------------------------------------------------------------------------------


def attribute_names(model: type[Model], fields: Sequence[Field]) -> list[str]:
    """Return the attribute of an instance that each field is read from."""
    # The key of a related row is on this row already: no query.
    keys = {name: getattr(relation, "attname", name) for name, relation in _relation_fields(model).items()}
    return [field.name if _holds_record(field.type) else keys.get(field.name, field.name) for field in fields]


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
