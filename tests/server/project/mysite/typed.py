"""Routes that take typed input, and values that handlers return."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from shop.models import Item

from django_bolt import Body, Cookie, Header, Query, Request, Router

router = Router(prefix="/typed")


class Colour(enum.Enum):
    """Two colours."""

    RED = "red"
    BLUE = "blue"


class Person(msgspec.Struct):
    """A body with nested parts; fields it does not name are skipped."""

    name: str
    age: int
    tags: list[str] = []
    extra: dict[str, Any] = {}


class Cat(msgspec.Struct, tag=True):
    """One of two kinds."""

    lives: int


class Dog(msgspec.Struct, tag=True):
    """The other."""

    name: str


class Page(msgspec.Struct):
    """A group of query parameters."""

    number: int = 1
    size: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


@router.post("/person")
async def person(person: Person) -> dict[str, Any]:
    """Take a Struct."""
    return {"name": person.name, "age": person.age, "tags": person.tags, "extra": person.extra}


@router.post("/people")
async def people(people: list[Person]) -> int:
    """Take a list of Structs without a marker."""
    return len(people)


@router.post("/animal")
async def animal(animal: Cat | Dog) -> str:
    """Take a union of Structs without a marker."""
    return type(animal).__name__


@router.post("/optional")
async def optional(person: Person | None = None) -> dict[str, Any]:
    """Take a body that may be absent."""
    return {"name": person.name if person else None}


@router.post("/embedded")
async def embedded(person: Annotated[Person, Body(embed=True)]) -> dict[str, Any]:
    """Take a body below its name."""
    return {"name": person.name}


@router.post("/dict")
async def a_dict(body: Annotated[dict[str, Any], Body()]) -> int:
    """Take any JSON object."""
    return len(body)


@router.post("/any")
async def anything(body: Annotated[Any, Body()]) -> str:
    """Take any JSON."""
    return type(body).__name__


@router.post("/request-json")
async def request_json(request: Request) -> str:
    """Decode the body by hand."""
    return type(await request.json()).__name__


@router.get("/number/{number}")
async def number(number: int) -> int:
    """Take a number from the path."""
    return number


@router.get("/text/{text}")
async def text(text: str) -> dict[str, str]:
    """Take text from the path."""
    return {"text": text}


@router.get("/query")
async def query(q: str = "", n: int = 0) -> dict[str, Any]:
    """Take text and a number from the query."""
    return {"q": q, "n": n}


@router.get("/header")
async def header(x_text: Annotated[str, Header()], x_list: Annotated[list[str], Header()] = []) -> dict[str, Any]:  # noqa: B006
    """Take text from headers."""
    return {"text": x_text, "list": x_list}


@router.get("/cookie")
async def cookie(session: Annotated[str, Cookie()]) -> dict[str, str]:
    """Take text from a cookie."""
    return {"session": session}


@router.get("/choices")
async def choices(
    colour: Colour,
    size: Literal["s", "m"],
    wait: datetime.timedelta,
    colours: Annotated[list[Colour], Query()] = [],  # noqa: B006
) -> dict[str, Any]:
    """Take values of closed sets and tell their Python types."""
    return {
        "colour": [type(colour).__name__, colour.name],
        "size": [type(size).__name__, size],
        "wait": [type(wait).__name__, wait.total_seconds()],
        "colours": [item.name for item in colours],
    }


@router.get("/choice/{colour}")
async def choice(colour: Colour, x_size: Annotated[Literal[1, 2], Header()]) -> dict[str, Any]:
    """The same from path and header."""
    return {"colour": colour.name, "size": x_size}


@router.get("/several/{number}")
async def several(
    number: int, q: int, limit: Annotated[int, Query(ge=1, le=10)], x_rate: Annotated[float, Header()]
) -> None:
    """Fail in several places at once."""


@router.get("/page")
async def page(page: Annotated[Page, Query()]) -> dict[str, int]:
    """Take a group of query parameters."""
    return {"number": page.number, "size": page.size}


@router.get("/default-page")
async def default_page(page: Annotated[Page, Query()] = Page(number=9, size=9)) -> dict[str, int]:  # noqa: B008
    """Take a group that has a default of its own."""
    return {"number": page.number, "size": page.size}


@router.get("/repeated")
async def repeated(request: Request) -> dict[str, Any]:
    """Tell repeated values of query and headers."""
    return {"query": request.query.getlist("a"), "headers": request.headers.getlist("x-a")}


@router.get("/returns/none")
async def returns_none() -> None:
    """Return nothing."""


@router.get("/returns/int")
async def returns_int() -> int:
    """Return a number."""
    return 7


@router.get("/returns/bool")
async def returns_bool() -> bool:
    """Return a truth value."""
    return True


@router.get("/returns/set")
async def returns_set() -> set[int]:
    """Return a set."""
    return {1}


@router.get("/returns/tuple")
async def returns_tuple() -> Any:
    """Return a body with its status."""
    return {"made": True}, 201


@router.get("/returns/typed-tuple")
async def returns_typed_tuple() -> tuple[int, str]:
    """Return a tuple as data."""
    return 1, "a"


class ItemOut(msgspec.Struct):
    """What is shown of an item."""

    name: str


@router.get("/returns/model")
async def returns_model() -> ItemOut:
    """Return an instance of a model where a type says which fields are shown."""
    return Item(name="lamp")  # type: ignore[return-value]


@router.get("/returns/untyped-model")
async def returns_untyped_model() -> Any:
    """Return an instance of a model without a type."""
    return Item(name="secret lamp")


@router.get("/returns/generator")
async def returns_generator() -> list[int]:
    """Return a generator where a list was promised."""

    def numbers() -> Iterator[int]:
        yield from range(3)

    return numbers()  # type: ignore[return-value]
