"""Which QuerySets are read as tuples of columns, which as instances, and that the tuples are the instances' values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, F, Model, Prefetch, QuerySet
from django.db.models.functions import Upper
from django.db.models.query import ModelIterable
from django.db.models.signals import post_init, pre_init
from django.test.utils import CaptureQueriesContext

from django_bolt.orm.plan import RowPlans, Wanted
from tests.testapp.row_models import (
    Author,
    Book,
    BookProxy,
    Guarded,
    Initialised,
    Listed,
    Listened,
    Novel,
    Setting,
    Shadowed,
    Stamped,
)

pytestmark = pytest.mark.django_db


def read(queryset: QuerySet[Any], *names: str, as_key: bool = True) -> list[tuple[Any, ...]] | None:
    return RowPlans([Wanted(name, as_key) for name in names]).read(queryset)


def instances(queryset: QuerySet[Any], *names: str) -> list[tuple[Any, ...]]:
    keys = {"author": "author_id"}
    return [tuple(getattr(one, keys.get(name, name)) for name in names) for one in queryset]


@pytest.fixture
def books() -> Iterator[list[Book]]:
    ann, bob = Author.objects.create(name="ann"), Author.objects.create(name="bob")
    yield [
        Book.objects.create(title="b", author=ann, pages=5),
        Book.objects.create(title="a", author=bob, pages=7),
        Book.objects.create(title="c", author=None, pages=7),
    ]


PLAIN = {
    "all": (lambda: Book.objects.all(), ["id", "title"]),
    "every plain field": (
        lambda: Book.objects.all(),
        ["key", "price", "rating", "published", "released", "at", "length", "extra", "in_print", "state", "loud"],
    ),
    "the order of the type": (lambda: Book.objects.all(), ["title", "pages", "id"]),
    "one column": (lambda: Book.objects.all(), ["title"]),
    "pk": (lambda: Book.objects.all(), ["pk", "title"]),
    "a key by the relation's name": (lambda: Book.objects.all(), ["author"]),
    "a key by its own name": (lambda: Book.objects.all(), ["author_id"]),
    "a key under both names": (lambda: Book.objects.all(), ["author", "title", "author_id", "pk", "id"]),
    "ordered by a relation": (lambda: Book.objects.order_by("author__name", "id"), ["title", "author"]),
    "filtered through a relation": (lambda: Book.objects.filter(author__name="ann"), ["title", "author"]),
    "a slice": (lambda: Book.objects.order_by("-id")[1:3], ["title"]),
    "none": (lambda: Book.objects.none(), ["title"]),
    "only, by the key's column": (lambda: Book.objects.only("author_id"), ["id", "author"]),
    "only": (lambda: Book.objects.only("title", "author"), ["id", "title", "author_id"]),
    "defer": (lambda: Book.objects.defer("extra"), ["id", "title"]),
    "a proxy": (lambda: BookProxy.objects.all(), ["id", "title"]),
    "a related manager": (lambda: Author.objects.get(name="ann").books.all(), ["title", "author"]),
    "an annotation": (lambda: Book.objects.annotate(shout=Upper("title")), ["shout", "id"]),
    "a key under both names, annotated": (
        lambda: Book.objects.annotate(shout=Upper("title")),
        ["author", "shout", "author_id"],
    ),
    "an aggregate": (lambda: Author.objects.annotate(many=Count("books")).order_by("name"), ["name", "many"]),
    "an aggregate, filtered by": (
        lambda: Author.objects.annotate(many=Count("books")).filter(many__gt=0).order_by("-many", "id")[:5],
        ["many", "id"],
    ),
    "an alias that is not selected": (
        lambda: Book.objects.alias(shout=Upper("title")).filter(shout="A"),
        ["id", "title"],
    ),
    "a where clause in SQL": (lambda: Book.objects.extra(where=["pages > 5"]), ["title"]),
    "a QuerySet with methods of its own": (lambda: Listed.helpful.short(), ["name"]),
    "a named database": (lambda: Book.objects.using("default"), ["title"]),
}


@pytest.mark.parametrize("case", PLAIN)
def test_columns_are_read_as_tuples(case: str, books: list[Book]) -> None:
    Listed.objects.create(name="a")
    make, names = PLAIN[case]
    queryset = make()
    with CaptureQueriesContext(connection) as queries:
        rows = read(queryset, *names)
    assert len(queries) == (0 if case == "none" else 1)
    assert rows == instances(make(), *names)
    assert rows or case == "none"
    assert all(type(row) is tuple for row in rows or [])


def test_only_what_is_wanted_is_selected(books: list[Book]) -> None:
    with CaptureQueriesContext(connection) as queries:
        read(Book.objects.order_by("author__name"), "id", "author")
    (query,) = queries.captured_queries
    selected = query["sql"].partition(" FROM ")[0]
    assert selected == 'SELECT "testapp_book"."id", "testapp_book"."author_id"'


def test_the_queryset_is_left_as_it_was(books: list[Book]) -> None:
    queryset = Book.objects.annotate(shout=Upper("title")).only("title")
    read(queryset, "title", "shout")
    assert queryset._result_cache is None
    assert [(one.shout, one.get_deferred_fields() == set()) for one in queryset] == [
        (book.title.upper(), False) for book in books
    ]


def evaluated() -> QuerySet[Book]:
    queryset = Book.objects.all()
    assert list(queryset)
    return queryset


class Shouting(ModelIterable):
    """Changes instances on their way."""

    def __iter__(self) -> Iterator[Any]:
        for one in super().__iter__():
            one.title = one.title.upper()
            yield one


def shouted() -> QuerySet[Book]:
    queryset = Book.objects.all()
    queryset._iterable_class = Shouting
    return queryset


INSTANCES = {
    "evaluated": (evaluated, ["title"]),
    "distinct": (lambda: Book.objects.order_by("pages").distinct(), ["pages"]),
    "union": (lambda: Book.objects.all().union(Book.objects.all()), ["title"]),
    "extra select": (lambda: Book.objects.extra(select={"title_too": "title"}), ["title_too"]),
    "extra select in a column's place": (lambda: Book.objects.extra(select={"title": "'x'"}), ["title"]),
    "an iterable of the project's own": (shouted, ["title"]),
    "extra tables": (lambda: Book.objects.extra(tables=["testapp_author"]), ["title"]),
    "values": (lambda: Book.objects.values("title"), ["title"]),
    "values_list": (lambda: Book.objects.values_list("title"), ["title"]),
    "dates": (lambda: Book.objects.dates("released", "year"), ["title"]),
    "prefetch_related": (lambda: Author.objects.prefetch_related("books"), ["name"]),
    "prefetch_related with an object": (lambda: Author.objects.prefetch_related(Prefetch("books")), ["name"]),
    "select_related": (lambda: Book.objects.select_related("author"), ["title"]),
    "select_for_update": (lambda: Book.objects.select_for_update(), ["title"]),
    "deferred": (lambda: Book.objects.defer("title"), ["id", "title"]),
    "deferred by only": (lambda: Book.objects.only("pages"), ["id", "title"]),
    "a deferred key": (lambda: Book.objects.defer("author"), ["author_id"]),
    "a deferred key by its column": (lambda: Book.objects.defer("author_id"), ["author"]),
    "an annotation that is not wanted": (lambda: Book.objects.annotate(shout=Upper("title")), ["title"]),
    "an annotation that may add rows": (lambda: Author.objects.annotate(title=F("books__title")), ["name"]),
    "an annotation that is not there": (lambda: Book.objects.all(), ["title", "shout"]),
    "an alias is no annotation": (lambda: Book.objects.alias(shout=Upper("title")), ["shout"]),
    "a class's attribute": (lambda: Author.objects.all(), ["nickname"]),
    "a property": (lambda: Author.objects.all(), ["initial"]),
    "a method": (lambda: Author.objects.all(), ["save"]),
    "a many relation": (lambda: Author.objects.all(), ["books"]),
    "a file": (lambda: Book.objects.all(), ["cover"]),
    "a descriptor of the field's own": (lambda: Book.objects.all(), ["quiet"]),
    "a property in a column's place": (lambda: Shadowed.objects.all(), ["hidden"]),
    "multi-table inheritance": (lambda: Novel.objects.all(), ["genre"]),
    "from_db": (lambda: Stamped.objects.all(), ["name"]),
    "__init__": (lambda: Initialised.objects.all(), ["name"]),
    "__getattribute__": (lambda: Guarded.objects.all(), ["name"]),
    "__setattr__": (lambda: Setting.objects.all(), ["name"]),
    "a QuerySet that iterates": (lambda: Listed.backwards.all(), ["name"]),
    "a QuerySet that fetches": (lambda: Listed.first_only.all(), ["name"]),
    "nothing wanted": (lambda: Book.objects.all(), []),
}


@pytest.mark.parametrize("case", INSTANCES)
def test_whatever_could_differ_is_left_to_instances(case: str, books: list[Book]) -> None:
    make, names = INSTANCES[case]
    queryset = make()
    with CaptureQueriesContext(connection) as queries:
        assert read(queryset, *names) is None
    assert len(queries) == 0


def test_a_related_instance_is_no_key(books: list[Book]) -> None:
    assert read(Book.objects.all(), "author", as_key=False) is None
    assert read(Book.objects.all(), "author_id", as_key=False) is not None


@pytest.mark.parametrize("signal", [pre_init, post_init])
def test_a_receiver_of_the_models_signals_sees_instances(signal: Any) -> None:
    Listened.objects.create(name="a")
    plans = RowPlans([Wanted("name", True)])

    def receiver(**_: Any) -> None:
        pass

    assert plans.read(Listened.objects.all()) == [("a",)]
    signal.connect(receiver, sender=Listened)
    try:
        assert plans.read(Listened.objects.all()) is None
    finally:
        signal.disconnect(receiver, sender=Listened)
    assert plans.read(Listened.objects.all()) == [("a",)]


def test_one_type_reads_several_models(books: list[Book]) -> None:
    plans = RowPlans([Wanted("id", True), Wanted("name", True)])
    Listed.objects.create(name="a")
    kinds: list[type[Model]] = [Author, Listed]
    for kind in kinds:
        assert plans.read(kind._default_manager.all()) == list(kind._default_manager.values_list("id", "name"))
    assert plans.read(Book.objects.all()) is None
