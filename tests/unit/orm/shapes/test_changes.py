"""What a shape was learned from may change: models, lookups, settings. And threads learn at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, models
from django.db.models import lookups
from django.test.utils import isolate_apps, override_settings, register_lookup

from django_bolt.orm.shapes import shape
from django_bolt.orm.shapes.install import install
from tests.queries import both_ways, counting_compiled
from tests.testapp.row_models import Author, Book
from tests.together import together

pytestmark = pytest.mark.django_db


class Never(lookups.Exact):
    """An equality of its own kind."""

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "1 = 0", ()


def rows() -> Any:
    return list(Book.objects.filter(author__name="a").order_by("author")), list(Book.objects.filter(title="a"))


@pytest.fixture(autouse=True)
def learned() -> Iterator[None]:
    ann = Author.objects.create(id=1, name="a")
    Book.objects.create(id=1, title="a", author=ann)
    Book.objects.create(id=2, title="b", author=ann)
    with counting_compiled() as made:
        for _ in range(3):
            rows()
    assert made
    yield
    both_ways(rows)


@contextmanager
def option(model: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(model._meta, name)
    setattr(model._meta, name, value)
    try:
        yield
    finally:
        setattr(model._meta, name, before)


@pytest.mark.parametrize("model", [Author, Book])
def test_another_table(model: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE TABLE "elsewhere" AS SELECT * FROM "{model._meta.db_table}" WHERE 1 = 0')
    kept = Book.objects.filter(author__name="a")
    unbound = Book.objects.all()
    with option(model, "db_table", "elsewhere"):
        _, sent = both_ways(rows)
        assert "elsewhere" in sent[0][0]
        both_ways(lambda: list(unbound.all()))
    assert len(kept) == 2


@pytest.mark.parametrize("model", [Author, Book])
def test_another_ordering(model: Any) -> None:
    ordered = lambda: (list(Book.objects.order_by("author", "-id")), list(Book.objects.all()))  # noqa: E731
    both_ways(ordered)
    for ordering in (["-id"], ["name" if model is Author else "title"]):
        with option(model, "ordering", ordering):
            both_ways(ordered)


@pytest.mark.parametrize("where", [models.CharField, Book._meta.get_field("title")])
def test_a_lookup_registered_later(where: Any) -> None:
    with register_lookup(where, Never):
        result, _ = both_ways(rows)
        assert result.endswith("list())")


def test_a_setting() -> None:
    with override_settings(USE_TZ=False):
        both_ways(lambda: list(Book.objects.filter(published=None).values("published", "released")))


@isolate_apps("tests.testapp")
def test_a_model_made_later() -> None:
    class Review(models.Model):
        book = models.ForeignKey(Book, models.CASCADE)

        class Meta:
            app_label = "testapp"

    with connection.cursor() as cursor:
        cursor.execute(f'CREATE TABLE "{Review._meta.db_table}" ("id" integer PRIMARY KEY, "book_id" integer)')
    both_ways(lambda: list(Review.objects.filter(book__author__name="a")))


def test_doing_it_twice_changes_nothing() -> None:
    before = models.QuerySet.__init__, models.Field.register_lookup.func
    install()
    assert (models.QuerySet.__init__, models.Field.register_lookup.func) == before
    both_ways(rows)


def test_threads_learn_at_once() -> None:
    """Which SQL there is follows from the calls whoever learned them, and in one step for all that read it."""

    def texts(number: int) -> list[Any]:
        compilers = []
        for name in ("a", "b"):
            query = (
                Book.objects.filter(author__name=name, pages__gt=number).exclude(title=name).order_by("-id")[:5].query
            )
            compilers.append(query.get_compiler("default").as_sql())
        return compilers

    expected = [texts(number) for number in range(8)]
    wrong: list[Any] = []

    def learn(number: int, wait: Callable[[], Any]) -> None:
        wait()
        for _ in range(4):
            try:
                found = texts(number)
            except Exception as error:  # noqa: BLE001  # told by the main thread
                found = [error]
            if found != expected[number]:
                wrong.append(found)

    for _ in range(20):
        shape.forget()
        together(8, learn)
    assert not wrong


def test_threads_share_a_queryset() -> None:
    """One that stands in a module is chained, compiled and built by all at once."""
    expected = str(Book.objects.filter(title="a").filter(id=3).query)
    for _ in range(30):
        shared = Book.objects.filter(title="a")
        found: list[str] = []

        def use(number: int, wait: Callable[[], Any], shared: Any = shared, found: Any = found) -> None:
            wait()
            one = shared.filter(id=3).query
            shared.query.get_compiler("default").as_sql()
            found.append(str(one) if shared.query.where else "")

        together(6, use)
        assert found == [expected] * 6
