"""A QuerySet read as tuples of columns answers, byte for byte or error for error, as one read as instances."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import msgspec
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Count, F, Model, QuerySet
from django.db.models.functions import Length, Upper
from django.utils.functional import SimpleLazyObject
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from django_bolt import BoltAPI
from django_bolt._runtime.encode import type_encoder
from django_bolt._runtime.flat import Flat
from django_bolt.orm.plan import RowPlans
from django_bolt.testing import AsyncTestClient, TestClient
from tests.testapp.row_models import Author, Book, BookProxy, Guarded, Initialised, Novel, Setting, Stamped

pytestmark = pytest.mark.django_db


@contextmanager
def instances_only() -> Iterator[None]:
    """Turn every fast way off: rows become instances, instances dicts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RowPlans, "read", lambda self, queryset: None)
        patch.setattr(Flat, "of", lambda *_, **__: None)
        yield


@contextmanager
def counting_instances() -> Iterator[list[type[Model]]]:
    """Note the class of every instance made from a row."""
    made: list[type[Model]] = []
    original: Any = Model.from_db

    def from_db(cls: type[Model], *args: Any, **kwargs: Any) -> Any:
        made.append(cls)
        return original.__func__(cls, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Model, "from_db", classmethod(from_db))
        yield made


def outcome(kind: Any, make: Callable[[], Any], *, validate: bool = True) -> tuple[Any, ...]:
    """Return the bytes, or type and words of the exception."""
    encode = type_encoder(kind, validate=validate)[0]
    try:
        return (encode(make()),)
    except Exception as error:
        return type(error), str(error)


def both(kind: Any, make: Callable[[], Any]) -> tuple[Any, ...]:
    """Return what both ways answer, with validation and without."""
    for validate in (False, True):
        with instances_only():
            slow = outcome(kind, make, validate=validate)
        assert outcome(kind, make, validate=validate) == slow, f"{kind}, {validate=}"
    return slow


def with_rows(kind: Any, make: Callable[[], Any]) -> tuple[Any, ...]:
    """Return what both ways answer, the fast one without a single instance."""
    with counting_instances() as made:
        outcome(kind, make)
    assert made == []
    return both(kind, make)


UTC = datetime.UTC


@pytest.fixture
def books() -> list[Book]:
    ann = Author.objects.create(name="ann")
    return [
        Book.objects.create(
            title="é\N{PILE OF POO}",
            author=ann,
            pages=2**31 - 1,
            price=Decimal("12.50"),
            rating=1e300,
            published=datetime.datetime(2020, 2, 29, 12, 30, 59, 123456, tzinfo=UTC),
            released=datetime.date(1, 1, 1),
            at=datetime.time(23, 59, 59, 1),
            length=datetime.timedelta(days=-3, microseconds=7),
            extra={"city": "x", "more": [1, {"a": None}]},
            state="out",
            key=uuid.UUID(int=7),
        ),
        Book.objects.create(title="", author=None, pages=0, extra=[], key=uuid.UUID(int=8), in_print=False),
        Book.objects.create(title="c", author=ann, pages=-5, extra=None, rating=float("inf"), key=uuid.UUID(int=9)),
    ]


class State(enum.Enum):
    DRAFT = "draft"
    OUT = "out"


class City(msgspec.Struct):
    city: str = "nowhere"


# The types that a field may be declared with: fitting ones, looser ones and wrong ones.
TYPES: dict[str, list[Any]] = {
    "id": [int, str, Any, Annotated[int, msgspec.Meta(ge=1)], float],
    "pk": [int, str],
    "title": [str, str | None, Annotated[str, msgspec.Meta(min_length=1)], int, Literal["c", ""], bytes],
    "author": [int | None, int, Any, str | None],
    "author_id": [int | None, int],
    "pages": [int, float, Annotated[int, msgspec.Meta(ge=0)], bool, str, Decimal],
    "price": [Decimal, str, float],
    "rating": [float | None, float, Any, int | None],
    "published": [datetime.datetime | None, str | None, datetime.date | None],
    "released": [datetime.date | None, str | None, datetime.datetime | None],
    "at": [datetime.time | None, str | None],
    "length": [datetime.timedelta | None, str | None, float | None],
    "key": [uuid.UUID, str],
    "extra": [Any, dict[str, Any] | list[Any] | None, City | list[int] | None, City | None, dict],
    "in_print": [bool, int, str],
    "state": [str, State, Literal["draft", "out"], Book.State, Literal["out"]],
    "loud": [str],
    "quiet": [str],
    "cover": [str, Any],
    "shout": [str, str | None, int],
    "missing": [int],
}


def last_title(queryset: QuerySet[Book]) -> QuerySet[Book]:
    return queryset.filter(title="c")


OPERATIONS: list[Callable[[QuerySet[Book]], Any]] = [
    lambda queryset: queryset,
    lambda queryset: queryset.order_by("-pages", "id"),
    lambda queryset: queryset.order_by("author__name", "id"),
    lambda queryset: queryset.filter(author__name="ann"),
    lambda queryset: queryset.exclude(author__isnull=True),
    lambda queryset: queryset.filter(pk__in=[]),
    last_title,
    lambda queryset: queryset.reverse(),
    lambda queryset: queryset.only("title", "author"),
    lambda queryset: queryset.defer("extra", "pages"),
    lambda queryset: queryset.select_related("author"),
    lambda queryset: queryset.prefetch_related("author"),
    lambda queryset: queryset.annotate(shout=Upper("title")),
    lambda queryset: queryset.annotate(other=Length("title")),
    lambda queryset: queryset.annotate(shout=F("author__name")),
    lambda queryset: queryset.alias(hidden=Upper("title")).filter(hidden="C"),
    lambda queryset: queryset.distinct(),
    lambda queryset: queryset.extra(select={"shout": "title"}),
    lambda queryset: queryset.using("default"),
]
LAST: list[Callable[[QuerySet[Book]], Any]] = [
    lambda queryset: queryset,
    lambda queryset: queryset[:2],
    lambda queryset: queryset[1:],
    lambda queryset: queryset.none(),
    lambda queryset: queryset.union(Book.objects.all()),
    lambda queryset: queryset.values("id", "title"),
    lambda queryset: queryset.values_list("id", "title"),
    lambda queryset: list(queryset),
    lambda queryset: queryset.first(),
]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"rename": "camel"},
    {"rename": {"title": "id_", "id": "title"}},
    {"tag": "book"},
    {"array_like": True},
    {"tag": True, "array_like": True},
    {"omit_defaults": True},
    {"forbid_unknown_fields": True},
    {"frozen": True},
]
SHAPES: list[Callable[[Any], Any]] = [
    lambda record: list[record],
    lambda record: list[record] | None,
    lambda record: Sequence[record],
    lambda record: Collection[record | None],
    lambda record: tuple[record, ...],
    lambda record: tuple[record, record],
    lambda record: Annotated[list[record], msgspec.Meta(max_length=1)],
    lambda record: list[record] | dict[str, int],
    lambda record: record,
]


@st.composite
def records(draw: st.DrawFn) -> Any:
    """Draw a Struct, dataclass or TypedDict of some fields of a book."""
    names = draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=5, unique=True))
    fields = [(name, draw(st.sampled_from(TYPES[name]))) for name in names]
    kind = draw(st.sampled_from(["struct", "struct", "struct", "dataclass", "dict"]))
    if kind == "dataclass":
        return dataclasses.make_dataclass("Data", fields)
    if kind == "dict":
        return TypedDict("Dict", {name: NotRequired[hint] if name == "missing" else hint for name, hint in fields})
    with_default = [(*field, None) if draw(st.booleans()) else field for field in fields]
    return msgspec.defstruct("Record", with_default, kw_only=True, **draw(st.sampled_from(OPTIONS)))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@example(msgspec.defstruct("Record", [("id", int), ("title", str)]), [], LAST[0], SHAPES[0])
@given(
    records(),
    st.lists(st.sampled_from(OPERATIONS), max_size=3),
    st.sampled_from([*LAST[:1] * 9, *LAST]),
    st.sampled_from([*SHAPES[:1] * 9, *SHAPES]),
)
def test_any_type_and_any_queryset(
    books: list[Book], record: Any, operations: list[Any], last: Any, shape: Callable[[Any], Any]
) -> None:
    def make() -> Any:
        queryset: Any = Book.objects.all()
        for operation in operations:
            queryset = operation(queryset)
        return last(queryset)

    try:
        make()
    except Exception:
        return  # No query at all, such as a field that is deferred and followed at once.
    both(shape(record), make)


class Plain(msgspec.Struct):
    id: int
    title: str
    author: int | None
    price: Decimal


class Texts(msgspec.Struct):
    """Not the types of the columns: their JSON is that of a text."""

    key: str
    price: str
    published: str | None


class Renamed(msgspec.Struct, rename="camel", tag="book"):
    author_id: int | None
    in_print: bool
    subtitle_text: str = "none"


class Complete(msgspec.Struct, rename="camel", tag="book"):
    author_id: int | None
    in_print: bool = True


class Sparse(msgspec.Struct, omit_defaults=True):
    title: str = "c"
    pages: int = 0


class WithCity(msgspec.Struct):
    id: int
    extra: City | list[int] | None


@dataclasses.dataclass
class Data:
    title: str
    pages: int = 3


class Typed(TypedDict):
    title: str
    pages: NotRequired[int]


class Positive(msgspec.Struct):
    pages: Annotated[int, msgspec.Meta(ge=0)]


class Page(msgspec.Struct):
    items: list[Plain]
    total: int


@pytest.mark.parametrize("record", [Plain, Texts, Complete, Sparse, WithCity, Data, Typed, Positive])
@pytest.mark.parametrize("shape", SHAPES[:5])
def test_no_instance_is_made(books: list[Book], record: Any, shape: Callable[[Any], Any]) -> None:
    with_rows(shape(record), lambda: Book.objects.all())
    with_rows(shape(record), lambda: Book.objects)
    with_rows(shape(record), lambda: Book.objects.order_by("-id")[:2])
    with_rows(shape(record), lambda: BookProxy.objects.all())
    with_rows(shape(record), lambda: Author(pk=books[0].author_id).books)


def test_rows_inside_a_page(books: list[Book]) -> None:
    with_rows(Page, lambda: {"items": Book.objects.all(), "total": 3})
    with_rows(dict[str, list[Plain]], lambda: {"a": Book.objects.filter(pages=0), "b": Book.objects})


def test_a_default_stands_in_for_what_the_model_has_not(books: list[Book]) -> None:
    (body,) = both(list[Renamed], lambda: Book.objects.all())
    assert msgspec.json.decode(body)[0]["subtitleText"] == "none"


def test_aggregates(books: list[Book]) -> None:
    class Count_(msgspec.Struct):
        name: str
        many: int

    Author.objects.create(name="bob")
    make = lambda: Author.objects.annotate(many=Count("books")).order_by("name")  # noqa: E731
    assert with_rows(list[Count_], make) == (b'[{"name":"ann","many":2},{"name":"bob","many":0}]',)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (Positive, r"Expected `int` >= 0 - at `$[2].pages`"),
        (msgspec.defstruct("Wrong", [("title", int)]), r"Expected `int`, got `str` - at `$[0].title`"),
        (msgspec.defstruct("Missing", [("other", int)]), "missing required field `other`"),
        (msgspec.defstruct("Empty", [("author", int)]), r"Expected `int`, got `null` - at `$[1].author`"),
    ],
)
def test_errors_are_the_same(books: list[Book], record: Any, words: str) -> None:
    error, message = both(list[record], lambda: Book.objects.all())
    assert error.__name__ == "ResponseValidationError"
    assert words in message


def test_text_in_a_column_of_integers(books: list[Book]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE testapp_book SET pages = 'many' WHERE title = 'c'")
    error, message = both(list[Positive], lambda: Book.objects.all())
    assert r"Expected `int`, got `str` - at `$[2].pages`" in message


def test_an_error_costs_no_second_query(books: list[Book], django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        outcome(list[Positive], lambda: Book.objects.all())
    with django_assert_num_queries(1):
        assert len(msgspec.json.decode(outcome(list[Texts], lambda: Book.objects.all())[0])) == 3


@pytest.mark.parametrize("model", [Stamped, Initialised, Guarded, Setting])
def test_models_with_a_say_in_their_instances(model: type[Model]) -> None:
    class Name(msgspec.Struct):
        name: str

    model._default_manager.bulk_create([model(name="a")])
    with counting_instances():
        (body,) = both(list[Name], lambda: model._default_manager.all())
    assert b"<" in body


def test_a_model_in_two_tables(books: list[Book]) -> None:
    class Genre(msgspec.Struct):
        title: str
        genre: str

    Novel.objects.create(title="n", key=uuid.UUID(int=1))
    with counting_instances() as made:
        assert both(list[Genre], lambda: Novel.objects.all()) == (b'[{"title":"n","genre":"crime"}]',)
    assert made


# Instances ----------------------------------------------------------------------------------


class User4(msgspec.Struct):
    id: int
    username: str
    email: str
    is_active: bool


class Anonymous(msgspec.Struct):
    username: str
    is_anonymous: bool
    is_authenticated: bool = False


@pytest.mark.parametrize("kind", [User4, User4 | None, Anonymous, Anonymous | list[int]])
def test_one_instance(kind: Any) -> None:
    user = User.objects.create_user("ann", "ann@example.com")
    assert both(kind, lambda: user)[0].startswith(b"{")
    assert both(kind, lambda: User.objects.only("pk").get())[0].startswith(b"{")
    assert both(kind, lambda: SimpleLazyObject(lambda: user))[0].startswith(b"{")
    assert both(list[kind], lambda: [user, user])[0].startswith(b"[{")
    both(kind, lambda: [user])
    both(list[kind], lambda: user)
    both(list[kind], lambda: [user, Author(name="x")])
    both(kind, lambda: User(username=5))
    both(kind, lambda: User(username=user))
    both(kind, lambda: Author(name="x"))


@pytest.mark.parametrize("kind", [int, str])
def test_an_attribute_is_read_once(kind: Any) -> None:
    record = msgspec.defstruct("Record", [("reads", kind)])
    outcomes = both(record, lambda: Author(name="x")), both(list[record], lambda: [Author(name="x")])
    assert kind is str or outcomes == ((b'{"reads":1}',), (b'[{"reads":1}]',))
    author = Author(name="x")
    outcome(record, lambda: author)
    assert author.reads == 2


# The whole way ------------------------------------------------------------------------------


def application(make: Callable[[], Any], kind: Any) -> BoltAPI:
    api = BoltAPI()

    async def plain() -> Any:
        return make()

    def function() -> Any:
        return make(), 200

    api.get("/async", response_model=kind)(plain)
    api.get("/def", response_model=kind)(function)
    api.get("/inline", response_model=kind, inline=True)(function)
    api.get("/unchecked", response_model=kind, validate_response=False)(plain)
    return api


@pytest.mark.parametrize(
    "make", [lambda: Book.objects.order_by("title"), lambda: Book.objects, lambda: Book.objects.all()[:1]]
)
def test_every_kind_of_handler(books: list[Book], make: Callable[[], Any], django_assert_num_queries: Any) -> None:
    expected = outcome(list[Plain], make)[0]
    with TestClient(application(make, list[Plain])) as client, counting_instances() as made:
        for path in ("/async", "/def", "/inline", "/unchecked"):
            with django_assert_num_queries(1) as queries:
                response = client.get(path)
            assert (response.status_code, response.content) == (200, expected)
            assert '"testapp_book"."pages"' not in queries.captured_queries[0]["sql"].partition(" FROM ")[0]
    assert made == []


async def test_the_async_client(transactional_db: None) -> None:
    await Book.objects.acreate(title="a", price=Decimal("1.50"))
    api = application(lambda: Book.objects.all(), list[Plain])
    async with AsyncTestClient(api) as client:
        for path in ("/async", "/def", "/unchecked"):
            (row,) = (await client.get(path)).json()
            assert row == {"id": row["id"], "title": "a", "author": None, "price": "1.50"}


async def test_loaded_instances_need_no_thread(transactional_db: None) -> None:
    """What a handler loaded itself is answered where it stands: asking the database there would raise."""
    await User.objects.acreate_user("ann", "ann@example.com")
    api = BoltAPI()

    @api.get("/one", response_model=User4)
    async def one() -> Any:
        return await User.objects.aget()

    @api.get("/with-status", response_model=User4)
    async def with_status() -> Any:
        return await User.objects.aget(), 201

    @api.get("/deferred", response_model=User4)
    async def deferred() -> Any:
        return await User.objects.only("pk").aget()

    @api.get("/many", response_model=list[User4])
    async def many() -> Any:
        return [user async for user in User.objects.all()]

    async with AsyncTestClient(api) as client:
        rows = [(await client.get(path)).json() for path in ("/one", "/with-status", "/deferred", "/many")]
    assert rows[0] == rows[1] == rows[2] == rows[3][0]
    assert rows[0]["username"] == "ann"
