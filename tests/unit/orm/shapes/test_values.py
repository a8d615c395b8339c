"""Every lookup that is compiled, with values at the edge of what it takes, is Django's own."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import lookups
from django.db.models.fields import related_lookups
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe

from django_bolt.orm.shapes import compiled
from django_bolt.orm.shapes.lookups import SAFE
from django_bolt.orm.shapes.shape import forget
from tests.queries import both_ways, counting_compiled, learning_at_once, outcome, plain
from tests.testapp.models import Tag
from tests.testapp.row_models import Author, Book

pytestmark = pytest.mark.django_db

UTC = datetime.UTC
TEXTS = ["", "a", "É", "%", "a_b\\", "%s", "a\0b", "\0000\0", "\1", "x" * 10_000, mark_safe("<b>")]  # noqa: S308
NUMBERS = [0, -1, 2**31, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**40, "7", 1.5, "x", Decimal("2.5"), True]
PRICES = [Decimal(0), Decimal("-0.005"), Decimal("1e30"), Decimal("NaN"), Decimal("Infinity"), 1.1, "1.1", 10**30]
MOMENTS = [
    datetime.datetime(2020, 1, 1, tzinfo=UTC),
    datetime.datetime(2020, 1, 1),  # noqa: DTZ001
    datetime.datetime.min,  # noqa: DTZ901
    datetime.datetime.max.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=-5))),
    datetime.date(2020, 1, 1),
    "2020-02-30",
]
EDGES: dict[str, list[Any]] = {
    "title": TEXTS,
    "title__iexact": TEXTS,
    "title__contains": TEXTS,
    "title__icontains": TEXTS,
    "title__startswith": TEXTS,
    "title__istartswith": TEXTS,
    "title__endswith": TEXTS,
    "title__iendswith": TEXTS,
    "title__gt": TEXTS,
    "title__in": [[], ["a"], ["a", "a"], ["", None], ("a", "b"), {"a", "b"}, frozenset("ab"), ["x"] * 3000, "ab", "a"],
    "pages": NUMBERS,
    "pages__gt": NUMBERS,
    "pages__gte": NUMBERS,
    "pages__lt": NUMBERS,
    "pages__lte": NUMBERS,
    "pages__in": [[], [1], [1, 1], [2**63], [1, 2**63], [None], [1, None], [*range(3000)], [[1]], ["x"], {1, 2}],
    "pages__range": [(1, 2), (2, 1), [1, 2], (1, None), (1,), (), (1, 2, 3), (2**63, 1), (-(2**70), 2**70), 5, "12"],
    "price": PRICES,
    "price__gt": PRICES,
    "price__in": [[Decimal(1)], [Decimal(1), 2], PRICES],
    "price__range": [(Decimal(0), Decimal(1)), ("0", "1")],
    "rating": [0.0, float("nan"), float("inf"), -float("inf"), 1, "nan", "x"],
    "rating__lte": [0.0, float("nan"), float("inf")],
    "published": MOMENTS,
    "published__lt": MOMENTS,
    "published__range": [(MOMENTS[0], MOMENTS[3]), (MOMENTS[0], MOMENTS[1])],
    "released__gte": [datetime.date.min, datetime.date.max, "2020-01-01", datetime.datetime(2020, 1, 1, tzinfo=UTC)],
    "length__gt": [datetime.timedelta.max, datetime.timedelta(0), "1 00:00"],
    "at__lte": [datetime.time.max, "00:00"],
    "key": [uuid.UUID(int=2**128 - 1), "x", uuid.UUID(int=3).hex, 3],
    "in_print": [True, False, 1, 0, "True", "t", "x", None],
    "author": [1, 2**63, "1", "x", True, None, Author(id=1), Author(), Author(id=2**70), Tag(id=1), 1.0],
    "author__lt": [1, 2**63],
    "author__lte": [1, 2**63],
    "author__gt": [1, 2**63],
    "author__gte": [1, 2**63],
    "author__in": [[1, 2], [], [1, 2**63], [Author(id=1)], {1}],
    "author__name": TEXTS,
    "extra": [1, "a", [1], {}, True, None],
    "title__isnull": [True, False, 1, None],
    "author__isnull": [True, False, 0, "x"],
}


def lazy(make: Any) -> Any:
    """Return what `request.user` is."""
    return SimpleLazyObject(make)


@pytest.fixture(autouse=True)
def rows() -> None:
    ann = Author.objects.create(id=1, name="a")
    Book.objects.create(id=1, title="a", author=ann, pages=1, price=1, rating=0, published=MOMENTS[0])
    Book.objects.create(id=2, title="É%", pages=2, in_print=False)


@pytest.mark.parametrize("name", ["pages", "rating", "in_print", "author", "title__isnull", "author__isnull"])
@pytest.mark.parametrize("method", ["filter", "exclude"])
def test_what_was_learned_of_one_value_holds_for_all(name: str, method: str) -> None:
    def rows(value: Any) -> Any:
        return list(getattr(Book.objects, method)(**{name: value}))

    for first in EDGES[name]:
        forget()
        with learning_at_once():
            for _ in range(2):
                outcome(lambda first=first: rows(first))
        for value in EDGES[name]:
            with plain():
                expected = outcome(lambda value=value: rows(value))
            assert outcome(lambda value=value: rows(value)) == expected, (first, value)


@pytest.mark.parametrize("name", EDGES)
@pytest.mark.parametrize("method", ["filter", "exclude"])
def test_edges(name: str, method: str) -> None:
    for value in EDGES[name]:
        both_ways(lambda value=value: list(getattr(Book.objects, method)(**{name: value})))


@pytest.mark.parametrize("name", ["pages", "pages__gt", "author", "title__in", "pages__range", "price"])
def test_edges_beside_another_value(name: str) -> None:
    for value in EDGES[name]:
        both_ways(lambda value=value: list(Book.objects.filter(title="a", **{name: value}).exclude(id=7)[:3]))


def test_every_lookup_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    met: set[type] = set()
    bind = compiled.Compiled.bind

    def noting(self: Any, lookups: Any, *others: Any) -> Any:
        met.update(map(type, lookups))
        return bind(self, lookups, *others)

    monkeypatch.setattr(compiled.Compiled, "bind", noting)
    values = {name: edges[0] for name, edges in EDGES.items()}
    values |= {"pages__in": [1], "author__in": [1], "title__in": ["a"], "published__range": [MOMENTS[0]] * 2}
    values["length__gt"] = datetime.timedelta(1)
    for name, value in values.items():
        for _ in range(3):
            list(Book.objects.filter(**{name: value}))
    # Only the null checks that truth values may be given to come besides.
    assert met - {lookups.IsNull, related_lookups.RelatedIsNull} == SAFE


def test_lazy_instances() -> None:
    with counting_compiled() as made:
        for make in (lambda: Author(id=1), lambda: Author(id=2), lambda: Tag(id=1), lambda: Author()):
            both_ways(lambda make=make: list(Book.objects.filter(author=lazy(make))))
    assert made
