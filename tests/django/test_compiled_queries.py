"""Generated chains of QuerySet calls answer with the rows, the SQL and the exceptions of Django's own queries."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Upper
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_bolt.orm.shapes.shape import forget
from tests.conditions import condition_trees
from tests.queries import both_ways, counting_compiled
from tests.testapp.models import Item, Tag
from tests.testapp.row_models import Author, Book, BookProxy, Novel

pytestmark = pytest.mark.django_db

Step = Callable[[QuerySet[Any]], Any]

UTC = datetime.UTC
WORDS = st.sampled_from(["", "a", "B", "é", "%", "_", "\\", "'", '"', "a\0b", "%s", "日本", "\U0001f600", "x" * 300])
NUMBERS = st.sampled_from([0, 1, 2, 3, -1, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 10**30])
MOMENTS = st.sampled_from(
    [
        datetime.datetime(2020, 1, 1, tzinfo=UTC),
        datetime.datetime(2020, 6, 1, 12, 30, 1, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=5))),
        datetime.datetime.min.replace(tzinfo=UTC),
        datetime.datetime.max.replace(tzinfo=UTC),
        # A warning, and so an error here.
        datetime.datetime(2020, 1, 1),  # noqa: DTZ001
        datetime.date(2020, 1, 1),
        "2020-01-01 00:00+00:00",
        "never",
    ]
)
DATES = st.sampled_from([datetime.date(2020, 1, 1), datetime.date.max, "2020-01-01", "2020-13-01", ""])
TIMES = st.sampled_from([datetime.time(1, 2, 3), datetime.time(1, 2, 3, 4), "01:02"])
SPANS = st.sampled_from([datetime.timedelta(1), datetime.timedelta.max, -datetime.timedelta(microseconds=1)])
PRICES = st.sampled_from([Decimal("1.50"), Decimal(0), Decimal("1e20"), Decimal("NaN"), 1, 1.5, "2.0", "x"])
RATINGS = st.sampled_from([1.5, 0.0, float("nan"), float("inf"), -float("inf"), 2, "1.5", "x"])
KEYS = st.sampled_from([uuid.UUID(int=1), uuid.UUID(int=2), str(uuid.UUID(int=1)), uuid.UUID(int=1).hex, "x"])
TRUTHS = st.sampled_from([True, False, 0, 1, "True"])
AUTHORS = st.sampled_from([1, 2, 99, "1", None, Author(id=1, name="Ann"), Author(name="nobody"), Tag(id=1)])

Fields = dict[str, st.SearchStrategy[Any]]


def many(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return collections of every kind, with values twice, with None, and empty."""
    lists = st.lists(values | st.none(), max_size=4) | st.lists(values, max_size=4)
    return st.one_of(lists, lists.map(tuple), st.frozensets(values, max_size=3), st.sets(values, max_size=3))


ORDERED = ("", "__exact", "__gt", "__gte", "__lt", "__lte", "__isnull", "__in", "__range")
TEXTUAL = (*ORDERED, "__iexact", "__contains", "__icontains", "__startswith", "__istartswith", "__endswith", "__regex")


def lookups(name: str, values: st.SearchStrategy[Any], kinds: tuple[str, ...] = ORDERED) -> Fields:
    """Return the lookups of a field with what may be given to each."""
    special = {"__isnull": TRUTHS, "__in": many(values), "__range": st.tuples(values, values), "": values | st.none()}
    return {name + kind: special.get(kind, values) for kind in kinds}


BOOK_FIELDS: Fields = {
    **lookups("title", WORDS, TEXTUAL),
    **lookups("author__name", WORDS, TEXTUAL),
    **lookups("pages", NUMBERS),
    **lookups("id", NUMBERS),
    **lookups("price", PRICES),
    **lookups("rating", RATINGS),
    **lookups("published", MOMENTS),
    **lookups("released", DATES),
    **lookups("at", TIMES),
    **lookups("length", SPANS),
    **lookups("key", KEYS),
    **lookups("in_print", TRUTHS),
    **lookups("author", AUTHORS, ("", "__exact", "__isnull", "__in", "__gt")),
    **lookups("author_id", NUMBERS),
    # Rows of the other side, several for each book.
    **lookups("author__books__title", WORDS, ("", "__in", "__isnull")),
    **lookups("author__books__pages", NUMBERS, ("", "__gt")),
    **lookups("pk", NUMBERS),
    "novel__genre": WORDS,
    "loud": WORDS,
    "extra__a": NUMBERS,
    "extra": st.just({"a": 1}),
    "published__year": NUMBERS,
    "nothing": WORDS,
    "title__nothing": WORDS,
    "pages__gt": st.just(F("id")) | NUMBERS,
}
ITEM_FIELDS: Fields = {
    **lookups("name", WORDS, TEXTUAL),
    **lookups("price", PRICES),
    **lookups("created", MOMENTS),
    **lookups("tags", NUMBERS),
    **lookups("tags__name", WORDS, TEXTUAL),
    **lookups("tags__items__name", WORDS, ("", "__in")),
}
NOVEL_FIELDS: Fields = {
    **lookups("genre", WORDS, TEXTUAL),
    **lookups("title", WORDS),
    **lookups("pk", NUMBERS),
    **lookups("book_ptr__author__name", WORDS, ("", "__in")),
}
MODELS: dict[Any, Fields] = {Book: BOOK_FIELDS, BookProxy: BOOK_FIELDS, Novel: NOVEL_FIELDS, Item: ITEM_FIELDS}


def conditions(fields: Fields) -> st.SearchStrategy[Callable[[Any], Q]]:
    """Return what makes a tree of conditions from values that it draws itself."""
    names = st.sampled_from([*fields])
    return condition_trees(names.map(lambda name: lambda values: Q(**{name: values(fields[name])})), one_in=4)


def filters(fields: Fields) -> st.SearchStrategy[Any]:
    """Return calls with conditions."""
    method = st.sampled_from(["filter", "exclude"])
    return st.builds(
        lambda how, made: lambda rows, values: getattr(rows, how)(made(values)), method, conditions(fields)
    )


def calls(*steps: Step) -> st.SearchStrategy[Any]:
    """Return calls without values."""
    return st.sampled_from(steps).map(lambda step: lambda rows, values: step(rows))


COMMON = calls(
    lambda rows: rows.all(),
    lambda rows: rows.order_by("-pk"),
    lambda rows: rows.order_by(),
    lambda rows: rows.order_by("?").order_by("pk"),
    lambda rows: rows.order_by(F("pk").desc()),
    lambda rows: rows.reverse(),
    lambda rows: rows.distinct(),
    lambda rows: rows.none(),
    lambda rows: rows.values(),
    lambda rows: rows.values("pk"),
    lambda rows: rows.values_list("pk", flat=True),
    lambda rows: rows.values_list("pk", named=True),
    lambda rows: rows.only("pk"),
    lambda rows: rows.defer(None),
    lambda rows: rows.select_related(None),
    lambda rows: rows.annotate(one=Value(1)),
    lambda rows: rows.annotate(number=Count("pk")),
    lambda rows: rows.alias(number=Count("pk")).filter(number=1),
    lambda rows: rows.filter(pk__in=rows.model.objects.filter(pk__gt=1)),
    lambda rows: rows.filter(Exists(rows.model.objects.filter(pk=OuterRef("pk")))),
    lambda rows: rows.union(rows.model.objects.filter(pk=1)),
    lambda rows: rows | rows.model.objects.filter(pk=1),
    lambda rows: rows & rows.model.objects.filter(pk=1),
    lambda rows: rows[:2],
    lambda rows: rows[1:],
    lambda rows: rows[1:3],
    lambda rows: rows[2:2],
    lambda rows: rows[3:1],
    lambda rows: rows[:0],
    lambda rows: rows.using("default"),
    lambda rows: (len(rows), rows)[1],
    lambda rows: rows.extra(where=["1 = 1"]),
)
OF_BOOKS = calls(
    lambda rows: rows.order_by("author"),
    lambda rows: rows.order_by("author__name", "-pages"),
    lambda rows: rows.order_by("author__books__title"),
    lambda rows: rows.order_by("nothing"),
    lambda rows: rows.only("title", "author__name"),
    lambda rows: rows.only("author"),
    lambda rows: rows.defer("title", "pages"),
    lambda rows: rows.defer("author"),
    lambda rows: rows.values("title", "author__name"),
    lambda rows: rows.values_list("title", "pages"),
    lambda rows: rows.values("nothing"),
    lambda rows: rows.values(loud=Upper("title")),
    lambda rows: rows.select_related("author"),
    lambda rows: rows.select_related(),
    lambda rows: rows.select_related("novel", "author"),
    lambda rows: rows.select_related("nothing"),
    lambda rows: rows.prefetch_related("author__books"),
)
OF_ITEMS = calls(
    lambda rows: rows.order_by("tags__name", "name"),
    lambda rows: rows.values("name", "tags__name"),
    lambda rows: rows.prefetch_related("tags"),
    lambda rows: rows.only("name"),
)
OF_NOVELS = calls(
    lambda rows: rows.order_by("genre", "title"),
    lambda rows: rows.only("genre"),
    lambda rows: rows.defer("title"),
    lambda rows: rows.values("title", "genre"),
    lambda rows: rows.select_related("author"),
)
OWN = {Book: OF_BOOKS, BookProxy: OF_BOOKS, Item: OF_ITEMS, Novel: OF_NOVELS}
ENDS = calls(
    list, list, list, list, list,
    lambda rows: rows.count(),
    lambda rows: rows.exists(),
    lambda rows: rows.first(),
    lambda rows: rows.last(),
    lambda rows: rows.get(),
    lambda rows: rows.latest("pk"),
    lambda rows: rows[0],
    lambda rows: rows[1],
    lambda rows: list(rows.iterator(chunk_size=2)),
    lambda rows: rows.aggregate(Count("pk")),
    lambda rows: rows.in_bulk([1, 2]),
    lambda rows: rows.contains(rows.model(pk=1)),
    lambda rows: rows.update(pk=F("pk")),
    lambda rows: str(rows.query),
    lambda rows: [*rows, *rows.filter(pk__gt=0)],
    lambda rows: (len(rows), sorted(rows.query.alias_map), rows.query.is_sliced, rows.query.order_by),
    lambda rows: rows.explain()[:0],
)  # fmt: skip


@st.composite
def chains(draw: Any) -> Any:
    """Return what makes and runs a chain of calls, given what draws its values."""
    model = draw(st.sampled_from([*MODELS]))
    step = filters(MODELS[model]) | filters(MODELS[model]) | COMMON | OWN[model]
    steps = draw(st.lists(step, max_size=5))
    end = draw(ENDS)

    def run(values: Any) -> Any:
        rows = model.objects
        for one in steps:
            rows = one(rows.all(), values)
        return end(rows.all() if isinstance(rows, type(model.objects)) else rows, values)

    return run


@pytest.fixture
def rows() -> None:
    ann, bob = Author.objects.create(id=1, name="Ann"), Author.objects.create(id=2, name="B")
    moment = datetime.datetime(2020, 1, 1, tzinfo=UTC)
    Book.objects.create(id=1, title="a", author=ann, pages=1, rating=1.5, published=moment, key=uuid.UUID(int=1))
    Book.objects.create(id=2, title="", author=ann, pages=2, price="1.50", released=moment.date(), in_print=False)
    Book.objects.create(id=3, title="é%", author=None, pages=2**31 - 1, rating=0)
    Novel.objects.create(id=4, title="a", author=bob, genre="B", key=uuid.UUID(int=2))
    tags = [Tag.objects.create(id=number, name=name) for number, name in enumerate(["a", "B", "é"], 1)]
    for number, name in enumerate(["a", "", "日本"], 1):
        Item.objects.create(id=number, name=name, price=number).tags.set(tags[:number])
    # The moment of their creation is in what is compared.
    Item.objects.update(created=moment)


@pytest.mark.usefixtures("rows")
@pytest.mark.timeout(300)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(chain=chains(), data=st.data())
def test_chains_of_calls(chain: Any, data: st.DataObject) -> None:
    # What examples before it have filled.
    forget()
    for _ in range(3):
        drawn: list[Any] = []

        def noting(strategy: Any, drawn: list[Any] = drawn) -> Any:
            value = data.draw(strategy)
            drawn.append(value)
            return value

        def again(values: Any) -> Any:
            return lambda strategy: next(values)

        # Values are drawn only as far as it comes; what it raises is compared below.
        with suppress(Exception):
            chain(noting)
        both_ways(lambda drawn=drawn: chain(again(iter(drawn))))


@pytest.mark.usefixtures("rows")
def test_chains_are_compiled() -> None:
    """What the property compares is no comparison of Django with itself."""
    forget()
    with counting_compiled() as made:
        for name in ("a", "B", "é"):
            both_ways(lambda name=name: Book.objects.filter(title=name).exclude(pages=3).order_by("-pk")[:2])
            both_ways(lambda name=name: Item.objects.filter(tags__name=name, price__gt=0).values("name"))
            both_ways(lambda name=name: Novel.objects.filter(Q(title=name) | Q(genre=name)).select_related("author"))
    assert len(made) > 20
