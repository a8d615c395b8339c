"""The routes whose plans are kept as text, one for each thing that a plan can say."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, Literal

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from django_bolt._plan.compile import Route
from django_bolt.params import Body, Cookie, Depends, Header, Path, Query
from tests.plan.compiling import compiled


class Color(enum.Enum):
    RED = "red"
    GREEN = "green"


class Item(msgspec.Struct):
    name: str
    price: Annotated[float, Meta(gt=0)]


class Filters(msgspec.Struct, rename="camel"):
    search_text: str | None = None
    page: Annotated[int, Meta(ge=1)] = 1
    tags: list[str] = []


@dataclasses.dataclass
class Client:
    x_api_key: str
    user_agent: str = "unknown"


async def hello() -> dict[str, str]:
    return {"message": "Hello"}


async def scalars(
    item_id: Annotated[int, Path(ge=1)],
    text: str,
    number: float = Query(1.5, lt=10, multiple_of=0.5),
    flag: bool = False,
    color: Color = Color.RED,
    order: Literal["asc", "desc"] = "asc",
    day: datetime.date | None = None,
    moment: datetime.datetime | None = None,
    hour: datetime.time | None = None,
    lasts: datetime.timedelta | None = None,
    key: uuid.UUID | None = None,
    amount: decimal.Decimal | None = None,
    bounded: decimal.Decimal = Query(decimal.Decimal(1), ge=0),
    slug: str = Query("a", pattern="^[a-z-]+$", max_length=50),
    odd: str = Query("a", pattern="^(?=a)"),
    either: str | int | None = None,
    numbers: list[int] = Query(..., max_length=5),
    names: Annotated[frozenset[str], Query(alias="name")] = frozenset(),
    pair: tuple[int, str] | None = None,
    *,
    authorization: Annotated[str, Header()],
    session_id: Annotated[str | None, Cookie(alias="sessionid")] = None,
) -> None:
    return None


def groups(filters: Annotated[Filters, Query()], client: Annotated[Client | None, Header()] = None) -> HttpResponse:
    return HttpResponse()


async def create(request: Any, item: Item) -> Item:
    return item


async def update(item: Item, note: str = Body(""), extra: Item | None = None) -> Item | None:
    return item


async def raw(request: Any) -> Any:
    return await request.json()


async def upload(data: Annotated[bytes, Body()]) -> int:
    return len(data)


def settings(request: Any) -> dict[str, str]:
    return {}


async def session(settings: Any = Depends(settings)) -> AsyncIterator[str]:
    yield "session"


def transaction() -> Iterator[None]:
    yield


class Pages:
    def __init__(self, page: int = 1, *, size: int = 20) -> None:
        self.page = page


async def depends(
    request: Any,
    pages: Annotated[Pages, Depends()],
    session: str = Depends(session),
    fresh: str = Depends(settings, use_cache=False),
    page: int = 1,
    tags: list[str] = Query([]),
    _: None = Depends(transaction),
) -> list[Item]:
    return []


def inline(pages: Annotated[Pages, Depends()]) -> int:
    return pages.page


def routes() -> dict[str, Route]:
    """Return every route by the name of its text."""
    return {
        "hello": compiled(hello),
        "scalars": compiled(scalars, path="/items/{item_id}"),
        "groups": compiled(groups, path="/search"),
        "create": compiled(create, "POST", "/items", status_code=201),
        "update": compiled(update, "PUT", "/items"),
        "raw": compiled(raw, "POST", "/raw/{rest:path}"),
        "upload": compiled(upload, "POST", "/upload", response_model=None),
        "depends": compiled(depends, path="/depends"),
        "inline": compiled(inline, path="/inline", inline=True),
    }
