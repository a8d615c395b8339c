"""INSERT and UPDATE compiled once send the statements, and give the instances and exceptions, of Django's own."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import django
import pytest
from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Lower
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_bolt.orm.shapes import shape, updates
from django_bolt.orm.shapes.inserts import PreparedInsert
from tests.queries import plain, undone
from tests.testapp.models import Item, Tag
from tests.testapp.row_models import Author, Book, BookProxy, Novel
from tests.testapp.written_models import Asked, Bare, Defaulted, Keyed, OnlyDefault, Upper

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still")]

MOMENT = datetime.datetime(2020, 1, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)
KEY = uuid.UUID(int=7)


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time stands still, so that what fields fill in can be compared; there is something to change."""
    monkeypatch.setattr(timezone, "now", lambda: MOMENT)
    Author.objects.create(id=1, name="Ann")
    Book.objects.create(id=1, title="a", author_id=1, key=KEY)
    Novel.objects.create(id=2, title="n", key=KEY)
    Keyed.objects.create(id=KEY, name="k")
    Tag.objects.create(id=1, name="t")


def same(make: Callable[[], Any], times: int = 3) -> Any:
    """Compare a call with Django's own, as often as it takes to have it compiled; return what comes of it."""
    with plain():
        expected = undone(make)
    for _ in range(times):
        assert undone(make) == expected
    return expected


def saved(instance: Any, *, fresh: bool = False, **options: Any) -> Any:
    """Save an instance and return it, or its row."""
    instance.save(**options)
    return type(instance)._base_manager.get(pk=instance.pk) if fresh else instance


def changed(found: Any, *, update_fields: Any = None, **values: Any) -> Any:
    """Save the instance that is found, with other values."""
    instance = found.get()
    for name, value in values.items():
        setattr(instance, name, value)
    return saved(instance, update_fields=update_fields)


def book(**values: Any) -> Book:
    """Return a book that is the same each time."""
    return Book(**{"title": "x", "key": KEY, **values})


VALUES: list[dict[str, Any]] = [
    {},
    {"title": "\0"},
    {"title": None},
    {"pages": "no"},
    {"pages": 10**30},
    {"pages": None},
    {"price": Decimal("1.255")},
    {"price": Decimal("1e20")},
    {"price": "x"},
    {"rating": float("inf")},
    {"published": MOMENT},
    {"published": "never"},
    {"published": MOMENT.astimezone(datetime.timezone(datetime.timedelta(hours=5)))},
    {"released": datetime.date(2020, 1, 1), "at": datetime.time(1, 2), "length": datetime.timedelta(1)},
    {"extra": {"a": [1, None, "é"]}},
    {"extra": None},
    {"extra": object()},
    {"extra": Value("x")},
    {"author_id": 1},
    {"author_id": 99},
    {"author": Author(name="unsaved")},
    {"title": Lower(Value("UP"))},
    {"title": F("pages")},
    {"pages": Value(3) + 4, "title": "%s"},
    {"published": Value(MOMENT), "title": Value(None)},
    {"key": "x"},
    {"cover": "a.png"},
    {"id": 77},
    {"id": 1},
]


@pytest.mark.parametrize("values", VALUES, ids=str)
def test_objects_are_inserted_as_django_inserts_them(values: dict[str, Any]) -> None:
    with connection.constraint_checks_disabled():
        same(lambda: book(**values).save(force_insert=True))
    same(lambda: saved(book(**values), fresh=True))
    same(lambda: Book.objects.create(**{"key": KEY, **values}) and None)
    same(lambda: Novel.objects.create(**{"key": KEY, **values}) and None)
    same(lambda: BookProxy.objects.create(**{"key": KEY, **values}) and None)


@pytest.mark.parametrize("values", VALUES, ids=str)
def test_objects_are_changed_as_django_changes_them(values: dict[str, Any]) -> None:
    values = {name: value for name, value in values.items() if name != "id"}
    for found in (Book.objects.filter(pk=1), Novel.objects.filter(pk=2), BookProxy.objects.filter(pk=1)):
        same(lambda found=found: changed(found, **values))
        same(lambda found=found: changed(found, update_fields=list(values), **values))
        same(lambda found=found: found.update(**values))
        same(lambda found=found: found.exclude(title="a").order_by("title").update(**{**values, "title": "c"}))


SCENES: dict[str, Callable[[], Any]] = {
    "a unique value again": lambda: Tag.objects.create(name="t"),
    "a default key": lambda: saved(Keyed(id=KEY, name=None), force_update=True),
    "a key of the instance": lambda: Keyed.objects.create(id=uuid.UUID(int=8), name="n"),
    "no such row to update": lambda: saved(Keyed(id=uuid.UUID(int=9)), force_update=True),
    "fields of no such row": lambda: saved(Keyed(id=uuid.UUID(int=9)), update_fields=["name"]),
    "insert where no row is updated": lambda: saved(Tag(id=50, name="new")),
    "get or create": lambda: Tag.objects.get_or_create(name="new"),
    "get": lambda: Tag.objects.get_or_create(name="t"),
    "update or create": lambda: Tag.objects.update_or_create(name="t", defaults={"name": "u"}),
    "fields that fill themselves": lambda: Item.objects.create(name="i", price="1.5"),
    "nothing but a key": lambda: Bare.objects.create(),
    "a key alone, saved again": lambda: saved(saved(Bare())),
    "defaults of the database": lambda: Defaulted.objects.create().pk,
    "some of them": lambda: Defaulted.objects.create(name="N", since=MOMENT),
    "others": lambda: Defaulted.objects.create(size=4, since=MOMENT),
    "generated again": lambda: saved(Defaulted.objects.create(name="N", size=1, since=MOMENT), fresh=True),
    "one default of the database": lambda: OnlyDefault.objects.create(),
    "no default of the database": lambda: OnlyDefault.objects.create(name="n"),
    "in bulk": lambda: Tag.objects.bulk_create([Tag(name="b"), Tag(name="c")]),
    "one in bulk": lambda: Tag.objects.bulk_create([Tag(name="b")]),
    "conflicts ignored": lambda: Tag.objects.bulk_create([Tag(name="t")], ignore_conflicts=True),
    "conflicts updated": lambda: Tag.objects.bulk_create(
        [Tag(id=1, name="t2")], update_conflicts=True, update_fields=["name"], unique_fields=["id"]
    ),
    "updated in bulk": lambda: Book.objects.bulk_update([book(id=1, title="z")], ["title"]),
    "an update of all rows": lambda: Book.objects.update(pages=3),
    "an update of no row": lambda: Book.objects.none().update(pages=3),
    "no row by a number out of range": lambda: Book.objects.filter(pages=2**70).update(pages=3),
    "a row of many": lambda: Book.objects.filter(pages__in=[1, 2, 3], title__startswith="a").update(pages=3),
    "an update by a join": lambda: Book.objects.filter(author__name="Ann").update(pages=3),
    "an update of a slice": lambda: Book.objects.all()[:1].update(pages=3),
    "an update of a relation": lambda: Book.objects.filter(pk=1).update(author=Author.objects.get(pk=1)),
    "an update that is no field": lambda: Book.objects.filter(pk=1).update(nothing=1),
    "an update of the parent alone": lambda: Novel.objects.filter(pk=2).update(title="p"),
    "an update of parent and child": lambda: Novel.objects.filter(pk=2).update(title="p", genre="g"),
    "an update of a reverse relation": lambda: Author.objects.filter(pk=1).update(books=1),
    "annotated": lambda: Book.objects.annotate(n=F("pages") + 1).filter(pk=1).update(pages=F("n")),
    "ordered by an annotation": lambda: Book.objects.annotate(n=F("pages")).order_by("-n").update(pages=2),
    "of distinct rows": lambda: Book.objects.filter(pk=1).distinct().update(pages=2),
    "of rows with relations": lambda: Book.objects.select_related("author").filter(pk=1).update(pages=2),
    "of values": lambda: Book.objects.values("id").filter(pk=1).update(pages=2),
    "a value in SQL of its own": lambda: saved(Upper(name="up"), fresh=True),
    "changed in SQL of its own": lambda: changed(Upper.objects.filter(pk=saved(Upper(name="up")).pk), name="down"),
}


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_writing_is_what_it_is_in_django(scene: Callable[[], Any]) -> None:
    if django.VERSION < (6, 1) and scene in (SCENES["a value in SQL of its own"], SCENES["changed in SQL of its own"]):
        pytest.skip("placeholders have another name")
    same(scene)


def test_a_field_is_asked_as_often_as_by_django(monkeypatch: pytest.MonkeyPatch) -> None:
    field: Any = Asked._meta.get_field("counting")

    def asked(values: dict[str, Any]) -> list[str]:
        monkeypatch.setattr(field, "asked", [], raising=False)
        undone(lambda: Asked.objects.create(**values))
        return list(field.asked)

    for values in ({"counting": "a"}, {"counting": Lower(Value("A"))}, {"counting": "a", "plain": Lower(Value("A"))}):
        with plain():
            expected = asked(values)
        assert [asked(values) for _ in range(4)] == [expected] * 4


def test_writes_are_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compared above is no comparison of Django with itself."""
    compiled: list[str] = []
    for kind in (PreparedInsert, updates.PreparedUpdate):

        def as_django(self: Any, *arguments: Any, kind: Any = kind, original: Any = kind._as_django) -> Any:
            compiled.append(kind.__name__)
            return original(self, *arguments)

        monkeypatch.setattr(kind, "_as_django", as_django)
    shape.forget()
    for name in ("a", "b", "c", "d", "e"):
        tag = Tag.objects.create(name=name)
        tag.name = name * 2
        tag.save()
        Tag.objects.filter(name=name).update(name="z")
    assert compiled.count("PreparedInsert") == 1
    assert compiled.count("PreparedUpdate") == 2
    assert set(Tag.objects.values_list("name", flat=True)) == {"t", "aa", "bb", "cc", "dd", "ee"}


def test_nothing_of_a_row_is_kept() -> None:
    for number in range(4):
        Book.objects.create(title=f"secret {number}", key=KEY)
    kept = shape.root(Book).inserts
    assert kept
    assert "secret" not in repr([(key, made.sql, made.fields) for key, made in kept.items()])


NAMES = ("title", "pages", "price", "rating", "published", "released", "extra", "author_id", "in_print", "key")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.fixed_dictionaries(
        {},
        optional={
            name: st.sampled_from([found[name] for found in VALUES if name in found] or [None, 0, 1, "1", True])
            for name in NAMES
        },
    ),
    again=st.sampled_from(NAMES),
)
def test_any_values_are_written_as_django_writes_them(values: dict[str, Any], again: str) -> None:
    same(lambda: book(**values).save(), times=2)
    same(lambda: changed(Book.objects.filter(pk=1), update_fields=[*values, again], **values), times=2)
    same(lambda: Book.objects.filter(pk=1).update(**values), times=2)
