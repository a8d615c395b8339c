"""What was learned of a query with some values holds for the same query with any others."""

from __future__ import annotations

import datetime
import operator
import re
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Count, F, Max, Min, Q, Sum, Value
from django.db.models.expressions import DatabaseDefault
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_bolt.orm.shapes.shape import forget
from tests.conditions import condition_trees
from tests.queries import learning_at_once, plain, undone
from tests.testapp.models import Item, Tag
from tests.testapp.row_models import Author, Book, BookProxy, Novel
from tests.testapp.written_models import Defaulted, Keyed, OnlyDefault, Upper

pytestmark = pytest.mark.django_db

Draw = Callable[[st.SearchStrategy[Any]], Any]

UTC = datetime.UTC
MOMENT = datetime.datetime(2020, 1, 1, tzinfo=UTC)
KEY = uuid.UUID(int=1)


class Word(str):
    """A string of a project's own."""

    __slots__ = ()


# Values by what they are: of one kind at a time, so that two draws often belong to one shape.
INTEGERS = st.sampled_from([0, 1, 2, 3, -1, 2**31 - 1, 2**31, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**30])
TRUTHS = st.booleans()
WORDS = st.sampled_from(["", "a", "B", "t", "f", "1", "0", "True", "False", "None", "1.5", "é", "%", "%s", "x" * 300])
SAFE_WORDS = st.sampled_from([mark_safe(""), mark_safe("a"), mark_safe("1"), mark_safe("t"), mark_safe("f")])
FLOATS = st.sampled_from([0.0, 1.0, 1.5, -0.5, 2.0, 1e300, float("nan"), float("inf"), -float("inf")])
DECIMALS = st.sampled_from([Decimal(0), Decimal(1), Decimal("1.50"), Decimal("-0.5"), Decimal("1e20"), Decimal("NaN")])
MOMENTS = st.sampled_from([MOMENT, MOMENT + datetime.timedelta(1), datetime.datetime.max.replace(tzinfo=UTC)])
DATES = st.sampled_from([datetime.date(2020, 1, 1), datetime.date(2020, 1, 2), datetime.date.max])
TIMES = st.sampled_from([datetime.time(1, 2), datetime.time(0)])
SPANS = st.sampled_from([datetime.timedelta(0), datetime.timedelta(1), datetime.timedelta.max])
KEYS = st.sampled_from([KEY, uuid.UUID(int=2)])
BYTES = st.sampled_from([b"", b"a", b"1", b"\xff"])
NULL = st.none()
AUTHORS = st.sampled_from([Author(id=1, name="Ann"), Author(id=2), Author(id=99), Author(name="nobody")])
BOOKS = st.sampled_from([Book(id=1), BookProxy(id=1), Novel(id=4, book_ptr_id=4), Book()])
TAGS = st.sampled_from([Tag(id=1), Tag(id=2), Tag()])
LAZY = st.integers(1, 2).map(lambda number: SimpleLazyObject(lambda: Author(id=number, name="Ann")))
ODD = st.sampled_from([Word("a"), Word("1"), Book.State.OUT, {}, {"a": 1}, object, 1j, F("pk"), Value(1)])
SCALARS = [
    INTEGERS, INTEGERS, TRUTHS, WORDS, WORDS, SAFE_WORDS, FLOATS, DECIMALS, MOMENTS, DATES, TIMES, SPANS, KEYS, BYTES,
    NULL, AUTHORS, BOOKS, TAGS, LAZY, ODD,
]  # fmt: skip


NUMBERS = st.integers(0, 3) | INTEGERS
TRUE_OR_FALSE = [TRUTHS, st.integers(0, 1), st.sampled_from(["t", "f", "1", "0", "True", "False"])]
FITTING: dict[str, list[st.SearchStrategy[Any]]] = {
    "in_print": TRUE_OR_FALSE,
    "title": [WORDS], "name": [WORDS], "genre": [WORDS], "price": [DECIMALS, NUMBERS, FLOATS],
    "rating": [FLOATS, NUMBERS], "published": [MOMENTS, DATES], "created": [MOMENTS], "since": [MOMENTS], "at": [TIMES],
    "released": [DATES, MOMENTS], "length": [SPANS], "key": [KEYS], "author": [AUTHORS, NUMBERS], "book_ptr": [BOOKS],
    "tags": [TAGS, NUMBERS], "books": [BOOKS, NUMBERS], "novel": [NUMBERS], "lower": [WORDS], "loud": [WORDS],
    "state": [WORDS], "cover": [WORDS],
}  # fmt: skip
"""What the fields take, by their names; numbers if they are not among these."""


@st.composite
def kinds(draw: Any, name: str = "pk") -> st.SearchStrategy[Any]:
    """Return what makes the values for one hole: most often values that fit, and of one type."""
    path = name.split("__")
    last = path[-2] if f"__{path[-1]}" in TEXTUAL and len(path) > 1 else path[-1]
    fits = draw(st.integers(0, 4)) > 0
    one = draw(st.sampled_from(FITTING.get(last, [NUMBERS]) if fits else SCALARS))
    if path[-1] == "isnull" and fits:
        return TRUTHS
    if path[-1] == "range" and fits:
        return st.tuples(one, one)
    items = st.lists(one, max_size=4)
    mixed = items | items | st.lists(st.one_of(one, *SCALARS), max_size=3)
    if path[-1] == "in" and fits:
        return draw(st.sampled_from([mixed, mixed.map(tuple), st.frozensets(NUMBERS | WORDS, max_size=3)]))
    if fits or draw(st.booleans()):
        return st.integers(0, 15).flatmap(lambda number: one if number else st.one_of(SCALARS))
    return draw(st.sampled_from([mixed, mixed.map(tuple), st.sets(NUMBERS, max_size=3)]))


COMPARED = ("", "", "__exact", "__gt", "__gte", "__lt", "__lte", "__isnull", "__in", "__range")
TEXTUAL = (*COMPARED, "__iexact", "__contains", "__icontains", "__startswith", "__istartswith", "__endswith")
RELATED = ("", "", "__exact", "__isnull", "__in", "__gt", "__lte")
BOOK_FIELDS = {
    "title": TEXTUAL, "author__name": TEXTUAL,
    "state": TEXTUAL, "loud": TEXTUAL, "cover": ("", "__in"), "pages": TEXTUAL,
    "id": COMPARED, "pk": COMPARED, "price": COMPARED, "rating": COMPARED, "published": COMPARED, "released": COMPARED,
    "at": COMPARED, "length": COMPARED, "key": COMPARED, "in_print": COMPARED, "author": RELATED, "author_id": COMPARED,
    "author__books": RELATED, "author__books__title": TEXTUAL, "author__books__in_print": COMPARED, "novel": RELATED,
    "novel__genre": TEXTUAL, "extra": ("", "__a", "__isnull"), "published__year": COMPARED, "published__date": COMPARED,
}  # fmt: skip
FIELDS: dict[Any, dict[str, tuple[str, ...]]] = {
    Book: BOOK_FIELDS,
    BookProxy: BOOK_FIELDS,
    Novel: {"genre": TEXTUAL, "title": TEXTUAL, "pk": COMPARED, "in_print": COMPARED, "book_ptr": RELATED},
    Author: {
        "name": TEXTUAL, "books": RELATED, "books__title": TEXTUAL, "books__in_print": COMPARED, "pk": COMPARED,
        "books__author": RELATED, "books__novel__genre": TEXTUAL,
    },
    Item: {"name": TEXTUAL, "price": COMPARED, "created": COMPARED, "tags": RELATED, "tags__name": TEXTUAL},
    Defaulted: {"name": TEXTUAL, "size": COMPARED, "since": COMPARED, "lower": TEXTUAL},
}  # fmt: skip


@st.composite
def leaves(draw: Any, model: Any) -> Callable[[Draw], Q]:
    """Return what makes one condition, given what fills its hole."""
    name = draw(st.sampled_from([*FIELDS[model]]))
    name += draw(st.sampled_from(FIELDS[model][name]))
    values = draw(kinds(name))
    return lambda fill: Q(**{name: fill(values)})


def conditions(model: Any) -> st.SearchStrategy[Callable[[Draw], Q]]:
    """Return what makes a tree of conditions, given what fills its holes."""
    return condition_trees(leaves(model), one_in=3)


BOUNDS = st.sampled_from([1, 2, 3, 5, 0, None, 2**40])


@st.composite
def steps(draw: Any, model: Any) -> Callable[[Any, Draw], Any]:
    """Return a call."""
    kind = draw(st.integers(0, 11))
    made = draw(conditions(model))
    if kind < 5:  # noqa: PLR2004
        return lambda rows, fill: rows.filter(made(fill))
    if kind < 7:  # noqa: PLR2004
        return lambda rows, fill: rows.exclude(made(fill))
    if kind == 7:  # noqa: PLR2004
        return lambda rows, fill: rows[slice(fill(BOUNDS), fill(BOUNDS))]
    if kind == 8:  # noqa: PLR2004
        how = draw(st.sampled_from([operator.and_, operator.or_, operator.iand, operator.ior, operator.xor]))
        return lambda rows, fill: how(rows, rows.model._default_manager.filter(made(fill)))
    if kind == 9:  # noqa: PLR2004
        return lambda rows, fill: rows.complex_filter({}).filter(made(fill)).filter(made(fill))
    names = [name for name in FIELDS[model] if name != "extra"]
    some = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2))
    return draw(
        st.sampled_from(
            [
                lambda rows, fill: rows.values(*some),
                lambda rows, fill: rows.values_list(some[0], flat=True),
                lambda rows, fill: rows.only(*some),
                lambda rows, fill: rows.defer(*some),
                lambda rows, fill: rows.select_related("author"),
                lambda rows, fill: rows.distinct(),
                lambda rows, fill: rows.order_by(*some),
                lambda rows, fill: rows.order_by(F(some[0]).desc(nulls_last=True), "-pk"),
                lambda rows, fill: rows.annotate(n=Count(some[0])),
                lambda rows, fill: rows.annotate(n=F(some[0])).filter(n=fill(INTEGERS)),
                lambda rows, fill: rows.annotate(n=Count(some[0])).filter(n__gt=fill(INTEGERS)),
                lambda rows, fill: rows.values(some[0]).annotate(n=Max("pk")),
                lambda rows, fill: rows.none(),
                lambda rows, fill: rows.reverse(),
                lambda rows, fill: rows.exclude(pk=fill(INTEGERS | NULL)),
            ]
        )
    )


WRITTEN: dict[Any, dict[str, st.SearchStrategy[Any]]] = {
    Book: {
        "title": WORDS | SAFE_WORDS | INTEGERS, "pages": INTEGERS | TRUTHS | WORDS | FLOATS,
        "price": DECIMALS | FLOATS | INTEGERS, "rating": FLOATS | INTEGERS | NULL, "published": MOMENTS | NULL,
        "in_print": TRUTHS | INTEGERS | WORDS, "author": AUTHORS | NULL | INTEGERS, "author_id": INTEGERS | NULL,
        "extra": st.sampled_from([None, {}, {"a": 1}, [], "x", 1, True, Value(None), Value({})]),
        "length": SPANS | NULL,
        "released": DATES | MOMENTS | NULL | WORDS, "at": TIMES | NULL, "key": st.just(KEY), "cover": WORDS | NULL,
    },
    Novel: {"title": WORDS | NULL, "genre": WORDS | NULL, "key": st.just(KEY), "pages": INTEGERS},
    Keyed: {"id": st.just(KEY), "name": WORDS | NULL | INTEGERS},
    Defaulted: {"name": WORDS | NULL, "size": INTEGERS | NULL | TRUTHS, "since": MOMENTS | NULL},
    OnlyDefault: {"name": WORDS | NULL},
    Upper: {"name": WORDS | NULL},
    Author: {"name": WORDS | NULL | INTEGERS},
}  # fmt: skip
EXPRESSIONS = st.sampled_from([F("pk"), Value("1"), Value(None), F("nothing"), DatabaseDefault])


def default_of(field: Any) -> DatabaseDefault:
    """Return what stands for the database's default in an object's field, whether that field has one or not."""
    return DatabaseDefault(field._db_default_expression if field.has_db_default() else Value(1), output_field=field)


@st.composite
def written(draw: Any, model: Any) -> Callable[[Draw], dict[str, Any]]:
    """Return what makes values for some fields: plain ones, NULL, now and then an expression."""
    names = draw(st.lists(st.sampled_from([*WRITTEN[model]]), min_size=1, max_size=3, unique=True))

    def one(name: str, fill: Draw) -> Any:
        value = fill(WRITTEN[model][name] | WRITTEN[model][name] | WRITTEN[model][name] | EXPRESSIONS)
        return default_of(model._meta.get_field(name)) if value is DatabaseDefault else value

    return lambda fill: {name: one(name, fill) for name in names}


READ = st.sampled_from(
    [
        lambda rows, fill: list(rows),
        lambda rows, fill: list(rows),
        lambda rows, fill: list(rows),
        lambda rows, fill: rows.count(),
        lambda rows, fill: rows.exists(),
        lambda rows, fill: rows.first(),
        lambda rows, fill: rows.last(),
        lambda rows, fill: rows.get(),
        lambda rows, fill: rows[fill(st.sampled_from([0, 1, 2, 50]))],
        lambda rows, fill: rows.aggregate(Count("pk"), Max("pk"), low=Min("pk")),
        lambda rows, fill: rows.aggregate(Sum("pk"), n=Count("pk", distinct=True)),
        lambda rows, fill: rows.in_bulk(fill(st.lists(INTEGERS, max_size=3))),
        lambda rows, fill: rows.contains(fill(AUTHORS | BOOKS)),
        lambda rows, fill: str(rows.query),
        lambda rows, fill: (rows.exists(), list(rows), rows.count()),
        lambda rows, fill: (rows.get(pk=fill(INTEGERS | WORDS | TRUTHS)), list(rows)),
        lambda rows, fill: (list(rows), list(rows.filter(pk__in=fill(st.lists(INTEGERS | NULL, max_size=3))))),
        lambda rows, fill: list(rows.model.objects.filter(pk__in=rows)),
        lambda rows, fill: list(rows.union(rows.model.objects.filter(pk=fill(INTEGERS)))),
        lambda rows, fill: rows.delete(),
    ]
)


@st.composite
def reads(draw: Any) -> Callable[[Draw], Any]:
    """Return what makes and runs a chain, given what fills its holes."""
    model = draw(st.sampled_from([*FIELDS]))
    calls = draw(st.lists(steps(model), min_size=1, max_size=3))
    end = draw(READ)
    values = draw(written(model)) if model in WRITTEN and draw(st.integers(0, 5)) == 0 else None
    related = draw(st.integers(0, 4)) == 0

    def run(fill: Draw) -> Any:
        rows = model.objects.all()
        if related and model is Book:
            rows = fill(AUTHORS).books.all()
        if related and model is Item:
            rows = fill(TAGS).items.all()
        for call in calls:
            rows = call(rows, fill)
        return end(rows, fill) if values is None else rows.update(**values(fill))

    return run


@st.composite
def writes(draw: Any) -> Callable[[Draw], Any]:
    """Return what writes, given what fills the holes."""
    model = draw(st.sampled_from([*WRITTEN]))
    values = draw(written(model))
    others = draw(written(model))
    fields = draw(st.sampled_from([None, None, [], [*WRITTEN[model]][:1], [*WRITTEN[model]][-2:]]))
    where = draw(kinds())

    def saved(instance: Any, fill: Draw, **options: Any) -> Any:
        for name, value in others(fill).items():
            setattr(instance, name, value)
        instance.save(**options)
        return instance, list(model.objects.all())

    def base(fill: Draw) -> dict[str, Any]:
        return {**({"key": KEY} if issubclass(model, Book) else {"id": KEY} if model is Keyed else {}), **values(fill)}

    return draw(
        st.sampled_from(
            [
                lambda fill: (model.objects.create(**base(fill)), list(model.objects.all())),
                lambda fill: (model.objects.create(**base(fill)), list(model.objects.all())),
                lambda fill: saved(model.objects.create(**base(fill)), fill, update_fields=fields),
                lambda fill: saved(model(**base(fill)), fill),
                lambda fill: saved(model(**{**base(fill), "pk": fill(INTEGERS | WORDS | KEYS)}), fill),
                lambda fill: saved(model(**{**base(fill), "pk": fill(INTEGERS)}), fill, force_update=True),
                lambda fill: saved(model.objects.order_by("pk").first(), fill, update_fields=fields),
                lambda fill: saved(model.objects.only("pk").first(), fill),
                lambda fill: (model.objects.filter(pk=fill(where)).update(**values(fill)), list(model.objects.all())),
                lambda fill: (
                    model.objects.exclude(pk__in=[fill(where)]).update(**values(fill)),
                    list(model.objects.all()),
                ),
                lambda fill: model.objects.bulk_create([model(**base(fill)) for _ in range(fill(st.integers(0, 2)))]),
                lambda fill: model.objects.get_or_create(**base(fill)),
                lambda fill: model.objects.update_or_create(pk=fill(INTEGERS), defaults=base(fill)),
                lambda fill: model.objects.filter(pk=fill(where)).delete(),
            ]
        )
    )


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: MOMENT)
    ann, bob = Author.objects.create(id=1, name="Ann"), Author.objects.create(id=2, name="B")
    Book.objects.create(id=1, title="a", author=ann, pages=1, rating=1.5, published=MOMENT, key=KEY)
    Book.objects.create(
        id=2, title="", author=ann, pages=2, price="1.50", released=MOMENT.date(), in_print=False, key=KEY
    )
    Book.objects.create(id=3, title="é%", author=None, pages=2**31 - 1, rating=0, in_print=False, key=KEY)
    Novel.objects.create(id=4, title="a", author=bob, genre="B", key=uuid.UUID(int=2))
    tags = [Tag.objects.create(id=number, name=name) for number, name in enumerate(["a", "B", "é"], 1)]
    for number, name in enumerate(["a", "", "1"], 1):
        Item.objects.create(id=number, name=name, price=number).tags.set(tags[:number])
    Keyed.objects.create(id=KEY, name="k")
    Defaulted.objects.create(id=1, since=MOMENT)
    OnlyDefault.objects.create(id=1)
    Upper.objects.create(id=1, name="a")


def seen(make: Callable[[], Any]) -> str:
    """Return what is seen of a call, but for where an object happens to lie, and for the database's own time."""
    return re.sub(
        r" at 0x[0-9a-f]+|datetime\((?!2020)2\d+, [^)]*\)|(?!2020)2\d{3}(-\d\d){2} [\d:.]+", "", repr(undone(make))
    )


def crossed(make: Callable[[Draw], Any], data: st.DataObject) -> None:
    """Learn of some values, and compare with Django's own for others."""
    fillings: list[list[Any]] = [[], [], []]

    def filled(filling: list[Any]) -> Callable[[], Any]:
        at = iter(range(10**6))

        def fill(strategy: st.SearchStrategy[Any]) -> Any:
            number = next(at)
            if number == len(filling):
                filling.append(data.draw(strategy))
            return filling[number]

        return lambda: make(fill)

    forget()
    expected = []
    for filling in fillings:
        with plain():
            expected.append(seen(filled(filling)))
    first, *others = zip(fillings, expected, strict=True)
    with learning_at_once():
        for _ in range(2):
            assert seen(filled(first[0])) == first[1], fillings
    for filling, answer in others:
        assert seen(filled(filling)) == answer, fillings
        with learning_at_once():
            for _ in range(2):
                assert seen(filled(filling)) == answer, fillings
    assert seen(filled(first[0])) == first[1], fillings


BOUNDED = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.mark.usefixtures("rows")
@BOUNDED
@given(make=reads(), data=st.data())
def test_reads(make: Any, data: st.DataObject) -> None:
    crossed(make, data)


@pytest.mark.usefixtures("rows")
@BOUNDED
@given(make=writes(), data=st.data())
def test_writes(make: Any, data: st.DataObject) -> None:
    crossed(make, data)
