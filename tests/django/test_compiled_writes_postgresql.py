"""INSERT and UPDATE compiled once are Django's own on PostgreSQL, and on a database that is not the default one."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections, models, router, transaction
from django.db.backends.postgresql.compiler import SQLInsertCompiler
from django.utils import timezone

from django_bolt.orm.shapes import shape
from scripts.postgresql import PostgreSQL
from tests import saves
from tests.queries import plain, shown
from tests.saves import KEY, MOMENT, counting_added, seen
from tests.testapp import saved_models
from tests.testapp.models import Tag
from tests.testapp.row_models import Author, Book, Novel
from tests.testapp.saved_models import Both, Every, Grandchild, Spelled
from tests.testapp.written_models import Bare, Defaulted, Keyed, OnlyDefault
from tests.together import together
from tests.traced import traced

ALIAS = "elsewhere"
MODELS: list[type[models.Model]] = [
    *(Author, Book, Novel, Tag, Keyed, Defaulted, OnlyDefault, Bare),
    *saved_models.Saved.__subclasses__(),
    *(Both, Grandchild),
]


@pytest.fixture
def database(
    postgresql: PostgreSQL,
    make_database: Callable[[], str],
    django_db_blocker: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Any]:
    """A PostgreSQL with the tables of these models, beside the default database."""
    entry = postgresql.settings(make_database())
    connections.settings[ALIAS] = connections.configure_settings({"default": {}, ALIAS: entry})[ALIAS]
    monkeypatch.setattr(timezone, "now", lambda: MOMENT)
    with django_db_blocker.unblock():
        with connections[ALIAS].schema_editor() as editor:
            for model in MODELS:
                if model._meta.managed:
                    editor.create_model(model)
        yield connections[ALIAS]
        connections[ALIAS].close()
    del connections[ALIAS]
    del connections.settings[ALIAS]


def outcome(database: Any, make: Callable[[], Any]) -> tuple[str, list[str]]:
    """Return what comes of a call and the statements sent for it, undone; the keys of sequences are always new."""
    sent: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        # Adapters of JSON and of unknown numbers are told apart by what they hold.
        sent.append(f"{sql} {[(type(value), repr(value)) for value in params or ()]}")
        return execute(sql, params, many, context)

    with database.cursor() as cursor:
        cursor.execute("SELECT setval(sequencename::regclass, 100) FROM pg_sequences")
    try:
        with transaction.atomic(using=ALIAS), database.execute_wrapper(note):
            try:
                result = shown(make())
            except Exception as error:  # noqa: BLE001  # whatever it is, it is compared
                result = f"{type(error)}: {error}"
            transaction.set_rollback(True, using=ALIAS)
    finally:
        assert not database.in_atomic_block
    return result, [line for line in sent if "SAVEPOINT" not in line]


def saved(instance: Any, **options: Any) -> Any:
    instance.save(using=ALIAS, **options)
    return type(instance)._base_manager.using(ALIAS).get(pk=instance.pk)


def twice(instance: Any, **values: Any) -> Any:
    """Save an instance, and again with other values."""
    saved(instance)
    for name, value in values.items():
        setattr(instance, name, value)
    return saved(instance)


SCENES: dict[str, Callable[[], Any]] = {
    "plain": lambda: saved(Book(title="a", key=KEY)),
    "all of it": lambda: saved(
        Book(title="é", price="1.5", published=MOMENT, extra={"a": [1]}, length=datetime.timedelta(1), key=KEY)
    ),
    "out of range": lambda: saved(Book(title="a", pages=10**30, key=KEY)),
    "too long": lambda: saved(Book(title="a" * 60, key=KEY)),
    "no such author": lambda: [saved(Book(author_id=9, key=KEY)), connections[ALIAS].check_constraints()],
    "parents": lambda: twice(Novel(title="a", key=KEY), genre="g", title="b"),
    "changed": lambda: twice(Book(title="a", key=KEY), extra={"b": None}, rating=1.5, cover="c.png"),
    "to nothing": lambda: twice(Book(title="a", key=KEY, rating=1), rating=None, extra=None),
    "a key of the instance": lambda: twice(Keyed(id=KEY), name="n"),
    "defaults of the database": lambda: saved(OnlyDefault()),
    "some of them": lambda: twice(Defaulted(name="N", since=MOMENT), size=4),
    "nothing but a key": lambda: saved(Bare()),
    "a unique value again": lambda: [saved(Tag(name="a")), saved(Tag(name="a"))],
    "get or create": lambda: Tag.objects.using(ALIAS).get_or_create(name="a"),
    "in bulk": lambda: Tag.objects.using(ALIAS).bulk_create([Tag(name="a"), Tag(name="b")]),
    "update": lambda: [saved(Tag(name="a")), Tag.objects.using(ALIAS).filter(name__startswith="a").update(name="b")],
}


class Everything:
    """A router that sends all to that database."""

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return ALIAS

    db_for_read = db_for_write


@pytest.fixture
def routed(database: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same, for whoever names no other; with rows to refer to."""
    monkeypatch.setattr(router, "routers", [Everything()])
    Spelled.objects.create(code="s")
    Every.objects.create(id=1)
    shape.forget()
    return database


def saved_at(database: Any, save: Callable[[], Any]) -> str:
    """Return all that can be seen when an object is saved there."""
    return seen(save, lambda make: outcome(database, make), ALIAS)


def test_objects_are_saved_as_django_saves_them(routed: Any) -> None:
    for save, _ in saves.SCENES.values():
        saved_at(routed, save)
    for name, (save, count) in saves.SCENES.items():
        with plain():
            expected = saved_at(routed, save)
        for _ in range(3):
            assert saved_at(routed, save) == expected, name
        with counting_added() as added:
            saved_at(routed, save)
        assert len(added) == count, name


def test_a_compiler_of_the_backend_s_own_is_called(routed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package may have put something in the place of its method."""
    called: list[Any] = []
    outcome(routed, list)
    for _ in range(3):
        Every().save()
    with counting_added() as added:
        monkeypatch.setattr(SQLInsertCompiler, "execute_sql", traced(SQLInsertCompiler.execute_sql, called))
        Every().save()
    assert called == ["execute_sql"]
    assert not added


def test_threads_save_at_once(routed: Any) -> None:
    """Each in its own connection; while what is known is forgotten, too."""
    wrong: list[Any] = []

    def save(number: int, wait: Callable[[], Any]) -> None:
        try:
            wait()
            for turn in range(40):
                if turn % 10 == number:
                    shape.forget()
                instance = Every(text=f"{number} {turn}", small=number)
                instance.save()
                found = Every.objects.get(pk=instance.pk)
                if (found.text, found.small, found.twice, instance.twice) != (instance.text, number, *[number * 2] * 2):
                    wrong.append((found.text, found.small, instance.twice))
        except Exception as error:  # noqa: BLE001  # told by the main thread
            wrong.append(error)
        finally:
            connections[ALIAS].close()

    outcome(routed, list)
    with counting_added() as added:
        together(6, save)
    assert not wrong
    assert added
    assert Every.objects.count() == 1 + 6 * 40


def test_writing_is_what_it_is_in_django(database: Any) -> None:
    for name, scene in SCENES.items():
        with plain():
            expected = outcome(database, scene)
        for _ in range(3):
            assert outcome(database, scene) == expected, name
    keys: list[Any] = [*shape.root(Book).inserts]
    assert any(key[0] == ALIAS for key in keys)
