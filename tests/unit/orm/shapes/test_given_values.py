"""A query has the values that it was given at that moment, and nobody else's."""

from __future__ import annotations

import copy
import gc
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Count, Model, Q, QuerySet, Value
from django.db.models.sql import Query

from django_bolt.orm.shapes import shape
from tests.queries import both_ways, counting_compiled, learning_at_once, outcome, plain
from tests.testapp.models import Item, Tag
from tests.testapp.row_models import Author, Book

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rows() -> None:
    ann = Author.objects.create(id=1, name="a")
    Author.objects.create(id=2, name="b")
    for number in range(1, 5):
        Book.objects.create(id=number, title="abcd"[:number], author=ann, pages=number)


def test_a_list_changed_afterwards() -> None:
    def rows() -> Any:
        ids = [1, 2]
        built, compiled = Book.objects.filter(id__in=ids), Book.objects.filter(id__in=ids)
        ids.append(3)
        return list(built.annotate(one=Value(1))), list(compiled)

    both_ways(rows)


def test_a_condition_changed_afterwards() -> None:
    def rows() -> Any:
        part = Q(id=1)
        chosen = Book.objects.filter(part | Q(id=2), Q(part, pages__gt=0))
        part.children.append(("id", 3))
        part.negate()
        return list(chosen), list(chosen.annotate(one=Value(1)))

    both_ways(rows)


@pytest.mark.parametrize("lazily", [False, True])
def test_an_instance_changed_afterwards(lazily: bool) -> None:
    def rows() -> Any:
        author = Author.objects.only("name").get(id=1) if lazily else Author(id=1)
        chosen, related = Book.objects.filter(author=author), author.books.all()
        author.pk = None
        return list(chosen.annotate(one=Value(1))), list(related.annotate(one=Value(1))), list(chosen), chosen.count()

    both_ways(rows)


def test_a_set_keeps_its_order() -> None:
    ids = {1, 2, 3, 4, *(f"{number}" for number in range(40))}
    for _ in range(35):
        ids.pop()
    both_ways(lambda: list(Book.objects.filter(title__in={f"{one}" for one in ids})))
    both_ways(lambda: list(Book.objects.filter(title__in={f"{one}" for one in ids}).annotate(one=Value(1))))


def test_deletions() -> None:
    def deleted() -> Any:
        author = Author.objects.create(id=7, name="x")
        book = Book.objects.create(id=7, author=author)
        item = Item.objects.create(id=7, name="x", created=None)
        item.tags.add(Tag.objects.get_or_create(id=1, name="t")[0])
        item.tags.clear()
        return author.delete(), Book.objects.filter(id=book.id).delete(), Item.objects.filter(name="x").delete()

    for _ in range(7):
        # When they were made differs, so only what is returned is compared.
        with plain():
            expected = deleted()
        assert deleted() == expected


@pytest.mark.parametrize(
    "make",
    [
        lambda rows: pickle.loads(pickle.dumps(rows.query)),  # noqa: S301
        lambda rows: copy.copy(rows.query),
        lambda rows: copy.deepcopy(rows.query),
        lambda rows: copy.deepcopy(rows).query,
        lambda rows: rows.query.clone(),
        lambda rows: rows.query.chain(),
    ],
)
def test_copies(make: Any) -> None:
    def rows(number: int) -> Any:
        queryset = Book.objects.filter(id=number, author__name="a").order_by("-pages")[:2]
        again = Book.objects.all()
        again.query = make(queryset)
        return str(again.query), list(again), list(queryset), list(again.annotate(one=Value(1)).all()[:1])

    for number in (1, 2):
        both_ways(lambda number=number: rows(number))


def test_an_instance_of_a_query_set_elsewhere() -> None:
    def rows() -> Any:
        queryset = Book.objects.filter(id=1)
        queryset.query.my_own = 1
        queryset.query.where.add(Q(pages=1).resolve_expression(queryset.query), "AND")
        cloned = queryset.query.clone()
        return cloned.my_own, str(cloned), list(queryset), type(cloned)

    assert f"{Query}" in both_ways(rows)[0]


def test_read_after_it_ran() -> None:
    def seen() -> Any:
        queryset = Book.objects.filter(author__name="a").order_by("author__books__title").select_related("author")
        before = len(queryset)
        query = queryset.query
        more = queryset.filter(author__books__title="a")
        return before, [*query.alias_map], query.alias_refcount, str(more.query), list(more)

    both_ways(seen)


def kept() -> set[Any]:
    """Return all that can be reached from what is remembered of every model's queries, ids apart."""
    found: dict[int, Any] = {}
    ahead: list[Any] = [
        one._meta.__dict__["_django_bolt_root"] for one in (Author, Book) if "_django_bolt_root" in one._meta.__dict__
    ]
    while ahead:
        one = ahead.pop()
        # What a shape refers to beside its values are fields and models, which refer to everything.
        if id(one) in found or isinstance(one, type) or type(one).__module__.startswith("django.db.models.fields"):
            continue
        if type(one).__name__ in ("module", "Options", "function", "builtin_function_or_method", "DatabaseWrapper"):
            continue
        found[id(one)] = one
        ahead.extend(gc.get_referents(one))
    assert any(isinstance(one, shape.Slot) for one in found.values())
    return {one for one in found.values() if isinstance(one, (str, int, Model)) and not isinstance(one, bool)}


def test_nobodys_values_are_kept() -> None:
    secret, number, author = "-".join(["a", "canary"]), 987_654_321, Author(id=123_454_321, name="canary")
    for _ in range(4):
        list(Book.objects.filter(title=secret, pages__gt=number).exclude(title__in=[secret]))
        list(Book.objects.filter(Q(title__contains=secret) | Q(pages__range=(number, number)), author=author))
        list(Book.objects.filter(author=author, author__name__startswith=secret).order_by("title").values("title"))
        list(author.books.all())
    reached = kept()
    assert "title__contains" in reached
    assert not {secret, number, author, author.id} & reached


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    shape.forget()
    monkeypatch.setattr(shape, "MOST_CALLS", 10)
    for _ in range(3):
        for number in range(30):
            queries = Q(*(Q(id=one) for one in range(number)))
            assert outcome(lambda queries=queries: list(Book.objects.filter(queries)))
    edges, ahead = 0, [Book._meta.__dict__["_django_bolt_root"]]
    while ahead:
        one = ahead.pop()
        edges += len(one._after)
        ahead.extend(after for after in one._after.values() if after is not None)
    assert edges == 10
    with counting_compiled() as made:
        both_ways(lambda: list(Book.objects.filter(Q(Q(id=1), Q(id=2)))))
    assert made
    shape.forget()


SLICES = [slice(*ends) for ends in [(0,), (1,), (3,), (0, 2), (1, 3), (2, 2), (5, 3), (3, 0), (2, 100), (50, 60)]]
SLICES += [slice(0, None), slice(1, None), slice(7, None), slice(None), slice(0, 4, 2)]
READ: dict[str, Callable[[Any], Any]] = {
    "rows": list,
    "values": lambda rows: list(rows.values("id")) if isinstance(rows, QuerySet) else rows,
    "exists": lambda rows: rows.exists(),
    "count": lambda rows: rows.count(),
    "again": lambda rows: list(rows[1:2]),
    "one": lambda rows: rows.get(),
    "filtered": lambda rows: list(rows.filter(id__gt=1)),
}


@pytest.mark.parametrize("read", READ)
def test_a_slice_is_no_other_slice(read: str) -> None:
    Author.objects.bulk_create(Author(name=str(number)) for number in range(6))

    def rows(part: slice) -> Any:
        return READ[read](Author.objects.order_by("id")[part])

    for first in SLICES:
        shape.forget()
        with learning_at_once():
            for _ in range(2):
                outcome(lambda first=first: rows(first))
        for part in SLICES:
            with plain():
                expected = outcome(lambda part=part: rows(part))
            assert outcome(lambda part=part: rows(part)) == expected, (first, part)


def test_a_dictionary_of_a_query_can_be_changed() -> None:
    def run() -> Any:
        rows = Author.objects.annotate(n=Count("books"))
        rows.query.annotations.pop("n")
        rows.query.annotation_select_mask = None
        return [*rows.query.annotations], rows

    both_ways(run, times=3)


def test_a_class_derived_from_that_of_a_query_stays() -> None:
    class Marked:
        marked = True

    with learning_at_once():
        for _ in range(3):
            query = Author.objects.filter(name="a").order_by("id").query
            assert query.__class__ is Query
            query.__class__ = type("MarkedQuery", (Marked, query.__class__), {})
            assert query.chain().clone().marked
            assert "marked" not in vars(Query)
