"""Objects to be saved, one for each way in which that may go, and all that can be seen when one is."""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import F, Value
from django.db.models.functions import Lower
from django.db.models.signals import post_save, pre_save
from django.utils.functional import SimpleLazyObject, lazystr

from django_bolt.orm.shapes import insertions
from tests.queries import shown, undone
from tests.testapp.saved_models import (
    NOTED,
    Added,
    Base,
    Both,
    Composed,
    Every,
    Extended,
    Foreign,
    Grandchild,
    Inserting,
    Lowered,
    Managed,
    Numbered,
    Other,
    Packed,
    Placed,
    Read,
    Shout,
    Spelled,
    Stand,
    Tabled,
    Uploaded,
    Watched,
    Watching,
)

__all__ = ["KEY", "MOMENT", "SCENES", "counting_added", "seen"]

MOMENT = datetime.datetime(2020, 1, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)
KEY = uuid.UUID(int=7)


@contextmanager
def counting_added() -> Iterator[list[Any]]:
    """Note the objects to whose rows it was not Django that added one."""
    found: list[Any] = []
    add = insertions.Insertion.add

    def noting(self: Any, instance: Any, using: str) -> bool:
        done = add(self, instance, using)
        if done:
            found.append(instance)
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(insertions.Insertion, "add", noting)
        yield found


def rows_of(kind: Any, using: str) -> list[Any]:
    """Return what is in the tables of a model."""
    found = []
    for model in (kind, *kind._meta.all_parents):
        with connections[using].cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            found.append(sorted(map(repr, cursor.fetchall())))
    return found


def seen(save: Callable[[], Any], undo: Callable[[Any], Any] = undone, using: str = DEFAULT_DB_ALIAS) -> str:
    """Save an object; return all that can be seen of it: statements, signals, rows, its state."""
    signals: list[Any] = []
    files = Uploaded._meta.get_field("file").storage = InMemoryStorage()  # type: ignore[union-attr]
    NOTED.clear()
    instances: list[Any] = []

    def receive(**given: Any) -> None:
        signal = {name: value for name, value in given.items() if name not in {"signal", "instance"}}
        signals.append((signal, shown(given["instance"])))

    def receive_first(**given: Any) -> None:
        instances.append(given["instance"])
        receive(**given)

    def run() -> Any:
        try:
            save()
        except Exception as error:  # noqa: BLE001  # whatever it is, it is compared
            caught: Any = (type(error), str(error), *map(shown, instances))
        else:
            caught = (*map(shown, instances), [rows_of(type(instance), using) for instance in instances])
        return caught

    pre_save.connect(receive_first)
    post_save.connect(receive)
    try:
        result = undo(run)
    finally:
        pre_save.disconnect(receive_first)
        post_save.disconnect(receive)
    return re.sub(r" at 0x[0-9a-f]+", "", repr((result, signals, NOTED, files.listdir(""))))


# What is saved, and how many of its rows are added by ours once they are known.
SCENES: dict[str, tuple[Callable[[], Any], int]] = {
    "plain": (lambda: saved(Every(text="t", small=3)), 1),
    "created": (lambda: Every.objects.create(text="t"), 1),
    "forced": (lambda: saved(Every(text="t"), force_insert=True), 1),
    "enumerations": (lambda: saved(Every(size=Every.Size.LARGE, state=Every.State.OUT)), 1),
    "lazy text": (lambda: saved(Every(text=lazystr("late"))), 1),
    "a lazy object": (lambda: saved(Every(text=SimpleLazyObject(lambda: "s"))), 0),
    "a relation": (lambda: saved(Every(other=Every(id=1))), 1),
    "a relation's key": (lambda: saved(Every(other_id=1)), 1),
    "an unsaved relation": (lambda: saved(Every(other=Every())), 0),
    "no such relation": (lambda: checked(Every(other_id=99)), 1),
    "times of its own": (lambda: saved(Every(moment=MOMENT, day=MOMENT.date(), time=MOMENT.time())), 1),
    "a naive time": (lambda: saved(Every(day="2020-01-02", time="03:04")), 1),
    "converted": (lambda: saved(Every(address="::ffff:1.2.3.4", key=str(KEY), url=5, truth="1", amount=1.5)), 1),
    "bytes": (lambda: saved(Packed(data=memoryview(b"\0\xff"))), 0),
    "an expression": (lambda: saved(Every(text=Lower(Value("UP")))), 0),
    "a value as expression": (lambda: saved(Every(extra=Value(None), slug=Value("x"))), 0),
    "a lazy expression": (lambda: saved(Every(text=SimpleLazyObject(lambda: Lower(Value("UP"))))), 0),
    "a column": (lambda: saved(Every(text=F("slug"))), 0),
    "a query": (lambda: saved(Every(text=Spelled.objects.values("code"))), 0),
    "no number": (lambda: saved(Every(small="x", text="t")), 0),
    "too large a number": (lambda: saved(Every(big=10**30)), 0),
    "no JSON": (lambda: saved(Every(extra=object())), 0),
    "nothing where it is needed": (lambda: saved(Every(text=None)), 0),
    "its own key": (lambda: saved(Every(id=50, text="t")), 0),
    "its own key, forced": (lambda: saved(Every(id=50, text="t"), force_insert=True), 1),
    "a key that is there": (lambda: saved(Every(id=1, text="t")), 0),
    "a key that is there, forced": (lambda: saved(Every(id=1, text="t"), force_insert=True), 0),
    "no key, said so": (lambda: saved(Every(id=None, pk=None)), 1),
    "a key that is none": (lambda: saved(Every(id="x"), force_insert=True), 0),
    "a key in two": (lambda: saved(Every(id=(None, 1)), force_insert=True), 0),
    "a key that is computed": (lambda: saved(Every(id=Value(60)), force_insert=True), 0),
    "a copy": (lambda: copied(Every.objects.get(id=1)), 1),
    "a copy of a part": (lambda: copied(Every.objects.only("text").get(id=1)), 0),
    "a part, again": (lambda: saved(Every.objects.only("text").get(id=1)), 0),
    "a part, forced": (lambda: saved(Every.objects.only("text").get(id=1), force_insert=True), 0),
    "twice": (lambda: twice(Every(text="t")), 1),
    "an update": (lambda: saved(Every(id=1), force_update=True), 0),
    "some fields": (lambda: saved(Every(id=1), update_fields=["text"]), 0),
    "some fields of none": (lambda: saved(Every(), update_fields=["text"]), 0),
    "raw": (lambda: Every(text="t", made=MOMENT, changed=MOMENT).save_base(raw=True), 0),
    "elsewhere": (lambda: saved(Every(text="t"), using="nowhere"), 0),
    "a text": (lambda: saved(Spelled(code="x"), force_insert=True), 1),
    "a text that may be there": (lambda: saved(Spelled(code="x")), 0),
    "an empty text": (lambda: saved(Spelled(), force_insert=True), 1),
    "no text": (lambda: saved(Spelled(code=None)), 0),
    "another's key": (lambda: saved(Extended(spelled_id="s"), force_insert=True), 1),
    "another's key, unforced": (lambda: saved(Extended(spelled=Spelled.objects.get())), 0),
    "a key of two": (lambda: saved(Composed(first=1, second=2)), 0),
    "half a key": (lambda: saved(Composed(first=1)), 0),
    "a default key": (lambda: saved(Base(id=KEY)), 1),
    "two parents": (lambda: saved(Both(id=KEY)), 3),
    "two parents of which one is there": (lambda: saved(Both(id=Base.objects.create(id=KEY).pk, other_id=3)), 1),
    "some parents forced": (lambda: saved(Both(id=KEY, other_id=7), force_insert=(Other,)), 3),
    "all parents forced": (lambda: saved(Both(id=KEY, other_id=7), force_insert=(Base, Other)), 3),
    "four tables": (lambda: saved(Grandchild(id=KEY)), 4),
    "a proxy": (lambda: saved(Stand(id=KEY)), 1),
    "in order": (lambda: [saved(Placed(spelled_id="s")), saved(Placed(spelled_id="s"))], 0),
    "a table that is not ours": (lambda: saved(Foreign(code="x"), force_insert=True), 1),
    "a default of the database": (lambda: saved(Lowered(plain="p")), 0),
    "no default of the database": (lambda: saved(Lowered(name="N")), 0),
    "a file": (lambda: saved(Uploaded(file=ContentFile(b"x", name="a.txt"))), 1),
    "no file": (lambda: saved(Uploaded()), 1),
    "a file's name": (lambda: saved(Uploaded(file="b.txt", before="b")), 1),
    "a file without a name": (lambda: saved(Uploaded(file=ContentFile(b"x"))), 0),
    "a file behind no number": (lambda: saved(Uploaded(number="x", file=ContentFile(b"x", name="a.txt"))), 0),
    "a file with an expression": (
        lambda: saved(Uploaded(after=Lower(Value("A")), file=ContentFile(b"x", name="a.txt"))),
        1,
    ),
    "a drawn key": (lambda: saved(Numbered(name="n")), 0),
    "a key not drawn": (lambda: saved(Numbered()), 0),
    "a drawn key, forced": (lambda: saved(Numbered(id=3, name="n"), force_insert=True), 1),
    "read once more": (lambda: saved(Read(name="n")), 1),
    "noting what is set": (lambda: saved(Watching(name="n")), 0),
    "noting what is read": (lambda: saved(Watched(name="n")), 0),
    "changing another": (lambda: saved(Added(name="n")), 0),
    "prepared as an expression": (lambda: saved(Shout(name="n")), 0),
    "prepared as no expression": (lambda: saved(Shout(low="n")), 0),
    "prepared before an expression": (lambda: saved(Shout(low=Lower(Value("A")))), 0),
    "its own insert": (lambda: saved(Inserting(name="n")), 0),
    "its own table": (lambda: saved(Tabled(name="n")), 1),
    "its own manager": (lambda: saved(Managed(name="n")), 0),
}


def saved(instance: Any, **options: Any) -> None:
    instance.save(**options)


def checked(instance: Any) -> None:
    instance.save()
    connections[instance._state.db].check_constraints()


def copied(instance: Any) -> None:
    instance.pk = None
    instance._state.adding = True
    instance.save()


def twice(instance: Any) -> None:
    instance.save()
    instance.text = "again"
    instance.save()
