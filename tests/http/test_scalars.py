"""Text becomes the annotated type, wherever the text comes from, and constraints are kept."""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, TypedDict
from uuid import UUID

import msgspec
import pytest

from django_bolt import BoltAPI, Cookie, Header, Path, Query
from django_bolt._plan.errors import PlanError
from django_bolt.testing import TestClient


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Filters(msgspec.Struct):
    q: str
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    tags: list[str] = []
    x_mode: str = "plain"


@dataclass
class Page:
    number: int = 1
    size: int = 20


class Sort(TypedDict, total=False):
    by: str


UTC = datetime.UTC
VALUES: list[tuple[Any, str, Any]] = [
    (str, "a b&c=é", "a b&c=é"),
    (str, "", ""),
    (int, "-7", -7),
    (int, "123456789012345678901234567890", 123456789012345678901234567890),
    (float, "1.5e3", 1500.0),
    (bool, "true", True),
    (bool, "off", False),
    (bool, "1", True),
    (bool, "No", False),
    (Decimal, "1.10", Decimal("1.10")),
    (UUID, "12345678-9abc-def0-1234-56789abcdef0", UUID("12345678-9abc-def0-1234-56789abcdef0")),
    (datetime.date, "2024-02-29", datetime.date(2024, 2, 29)),
    (datetime.datetime, "2024-02-29T12:30:00Z", datetime.datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
    (datetime.datetime, "2024-02-29T12:30:00.5", datetime.datetime(2024, 2, 29, 12, 30, 0, 500000)),
    (datetime.time, "12:30:01", datetime.time(12, 30, 1)),
    (datetime.timedelta, "P1DT2H", datetime.timedelta(days=1, hours=2)),
    (Color, "red", Color.RED),
    (Level, "2", Level.HIGH),
    (Literal["a", "b"], "b", "b"),
    (Literal[1, 2], "2", 2),
    (int | None, "3", 3),
    (int | str, "3", 3),
    (int | str, "x", "x"),
    (Color | None, "blue", Color.BLUE),
    (list[int], "3", [3]),
    (list[Color], "red", [Color.RED]),
    (set[int], "3", {3}),
    (tuple[int, ...], "3", (3,)),
    (Annotated[int, msgspec.Meta(ge=3)], "3", 3),
]


def got(kind: Any, source: Any, **request: Any) -> Any:
    """Return what a handler receives for its parameter `value`, or the errors of the 422."""
    api = BoltAPI()
    seen: list[Any] = []

    async def handler(value: Any) -> None:
        seen.append(value)

    handler.__annotations__ = {"value": Annotated[kind, source]}
    path = request.pop("path", "/x")
    api.get("/x/{value}" if source.source == "path" else "/x")(handler)
    with TestClient(api) as client:
        response = client.get(path, **request)
    if response.status_code == 422:
        return response.json()["detail"]
    assert response.status_code == 200, response.text
    return seen[0]


@pytest.mark.parametrize(("kind", "text", "value"), VALUES)
def test_from_the_query(kind: Any, text: str, value: Any) -> None:
    found = got(kind, Query(), params={"value": text})
    assert (found, type(found)) == (value, type(value))


SINGLE = [case for case in VALUES if not isinstance(case[2], (list, set, tuple))]


@pytest.mark.parametrize(("kind", "text", "value"), [case for case in SINGLE if case[1]])
def test_from_the_path(kind: Any, text: str, value: Any) -> None:
    found = got(kind, Path(), path="/x/" + text.replace(" ", "%20").replace("é", "%C3%A9"))
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(("kind", "text", "value"), [case for case in VALUES if case[1].isascii()])
def test_from_a_header(kind: Any, text: str, value: Any) -> None:
    found = got(kind, Header(), headers={"value": text})
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(("kind", "text", "value"), [case for case in SINGLE if case[1].isascii()])
def test_from_a_cookie(kind: Any, text: str, value: Any) -> None:
    found = got(kind, Cookie(), headers={"cookie": f"value={text}"})
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "text", "message", "error"),
    [
        (int, "x", "expected int", "type_error"),
        (int, "1.0", "expected int", "type_error"),
        (float, "x", "expected float", "type_error"),
        (float, "nan", "expected float", "type_error"),
        (bool, "maybe", "expected bool", "type_error"),
        (Decimal, "x", "expected decimal", "type_error"),
        (UUID, "x", "expected uuid", "type_error"),
        (datetime.date, "2023-02-29", "expected date", "type_error"),
        (datetime.datetime, "2024-01-01", "expected datetime", "type_error"),
        (datetime.time, "25:00", "expected time", "type_error"),
        (datetime.timedelta, "1", "expected timedelta", "type_error"),
        (int | None, "x", "expected int", "type_error"),
        (Color, "green", "expected one of 'red', 'blue'", "value_error"),
        (Level, "3", "expected one of '1', '2'", "value_error"),
        (Literal["a", "b"], "c", "expected one of 'a', 'b'", "value_error"),
    ],
)
@pytest.mark.parametrize("marker", [Query, Path, Header, Cookie])
def test_text_that_does_not_fit_is_a_422(kind: Any, text: str, message: str, error: str, marker: Any) -> None:
    source = marker()
    request = {
        "query": {"params": {"value": text}},
        "path": {"path": f"/x/{text}"},
        "header": {"headers": {"value": text}},
        "cookie": {"headers": {"cookie": f"value={text}"}},
    }[source.source]
    assert got(kind, source, **request) == [{"loc": [source.source, "value"], "msg": message, "type": error}]


@pytest.mark.parametrize(
    ("kind", "constraint", "good", "bad"),
    [
        (int, {"gt": 3}, "4", "3"),
        (int, {"ge": 3}, "3", "2"),
        (int, {"lt": 3}, "2", "3"),
        (int, {"le": 3}, "3", "4"),
        (int, {"multiple_of": 5}, "10", "11"),
        (float, {"gt": 0.5}, "0.6", "0.5"),
        (float, {"le": 2}, "2.0", "2.1"),
        (Decimal, {"ge": 1}, "1.0", "0.9"),
        (Decimal, {"multiple_of": Decimal("0.5")}, "1.5", "1.6"),
        (str, {"min_length": 2}, "éé", "é"),
        (str, {"max_length": 2}, "éé", "ééé"),
        (str, {"pattern": "^[a-z]+$"}, "abc", "aBc"),
        (str, {"pattern": r"^(\w)\1$"}, "aa", "ab"),
        (int | None, {"ge": 3}, "3", "2"),
    ],
)
def test_constraints(kind: Any, constraint: dict[str, Any], good: str, bad: str) -> None:
    assert got(kind, Query(**constraint), params={"value": good}) is not None
    (error,) = got(kind, Query(**constraint), params={"value": bad})
    assert (error["loc"], error["type"]) == (["query", "value"], "value_error")
    if not isinstance(kind, type) or kind is Decimal:
        return
    meta = Annotated[kind, msgspec.Meta(**constraint)]
    assert got(meta, Query(), params={"value": bad}) == [error]


def test_lengths_of_a_list_count_its_items() -> None:
    marker = Query(min_length=2, max_length=3)
    assert got(list[int], marker, params={"value": ["1", "2"]}) == [1, 2]
    assert got(list[int], marker, params={"value": ["1"]})[0]["type"] == "value_error"
    assert got(list[int], marker, params={"value": ["1", "2", "3", "4"]})[0]["type"] == "value_error"


def test_a_repeated_key_is_a_list_and_each_bad_item_is_named() -> None:
    assert got(list[int], Query(), params={"value": ["3", "1", "2"]}) == [3, 1, 2]
    errors = got(list[int], Query(), params={"value": ["3", "x", "2", "y"]})
    assert [error["loc"] for error in errors] == [["query", "value", 1], ["query", "value", 3]]


def test_a_repeated_header_is_a_list() -> None:
    headers = [("value", "a"), ("value", "b")]
    assert got(list[str], Header(), headers=headers) == ["a", "b"]


def test_the_last_of_a_repeated_key_counts_for_one_value() -> None:
    assert got(int, Query(), params={"value": ["1", "2"]}) == 2


def test_an_alias_is_the_name_on_the_wire() -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(
        kind: Annotated[str, Query(alias="type")],
        token: Annotated[str, Header(alias="X-Custom")],
        session: Annotated[str, Cookie(alias="sessionid")],
    ) -> list[str]:
        return [kind, token, session]

    with TestClient(api) as client:
        response = client.get("/x?type=a", headers={"x-custom": "b", "cookie": "sessionid=c"})
        assert response.json() == ["a", "b", "c"]
        errors = client.get("/x?kind=a&token=b&session=c").json()["detail"]
        assert [error["loc"] for error in errors] == [
            ["query", "type"],
            ["header", "x-custom"],
            ["cookie", "sessionid"],
        ]


def test_a_struct_groups_query_parameters() -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(filters: Annotated[Filters, Query()]) -> list[Any]:
        return [type(filters).__name__, filters.q, filters.limit, filters.tags]

    with TestClient(api) as client:
        assert client.get("/x?q=a").json() == ["Filters", "a", 10, []]
        assert client.get("/x?q=a&limit=5&tags=b&tags=c").json() == ["Filters", "a", 5, ["b", "c"]]
        errors = client.get("/x?limit=0").json()["detail"]
        assert sorted((error["loc"], error["type"]) for error in errors) == [
            (["query", "limit"], "value_error"),
            (["query", "q"], "missing_field"),
        ]


def test_a_struct_groups_headers_and_cookies() -> None:
    api = BoltAPI()

    @api.get("/headers")
    async def headers(group: Annotated[Filters, Header()]) -> list[Any]:
        return [group.q, group.x_mode]

    @api.get("/cookies")
    async def cookies(group: Annotated[Filters, Cookie()]) -> list[Any]:
        return [group.q, group.limit, group.x_mode]

    with TestClient(api) as client:
        assert client.get("/headers", headers={"Q": "a", "X-Mode": "b"}).json() == ["a", "b"]
        assert client.get("/cookies", headers={"cookie": "q=a; limit=3; x_mode=m"}).json() == ["a", 3, "m"]


def test_dataclasses_and_typed_dicts_group_parameters_too() -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(page: Page = Query(), sort: Sort = Query()) -> list[Any]:
        return [page.number, page.size, sort]

    with TestClient(api) as client:
        assert client.get("/x").json() == [1, 20, {}]
        assert client.get("/x?number=2&by=name").json() == [2, 20, {"by": "name"}]


def test_a_group_may_be_none_where_no_field_is_given() -> None:
    api = BoltAPI()

    @api.get("/x")
    async def handler(filters: Filters | None = Query(None)) -> list[Any]:
        return [None if filters is None else filters.q]

    with TestClient(api) as client:
        assert client.get("/x").json() == [None]
        assert client.get("/x?q=a").json() == ["a"]


@pytest.mark.parametrize("kind", [complex, list[list[int]], int | list[int]])
def test_a_type_that_no_text_expresses_is_refused_at_registration(kind: Any) -> None:
    async def handler(value: Any) -> None: ...

    handler.__annotations__ = {"value": kind}
    with pytest.raises((PlanError, TypeError)):
        BoltAPI().get("/x")(handler)


@pytest.mark.parametrize(
    ("kind", "options"),
    [(str, {"ge": 1}), (int, {"min_length": 1}), (int, {"pattern": "a"}), (str, {"pattern": "("}), (UUID, {"lt": 3})],
)
def test_a_constraint_that_fits_no_value_is_refused_at_registration(kind: Any, options: dict[str, Any]) -> None:
    async def handler(value: Any) -> None: ...

    handler.__annotations__ = {"value": Annotated[kind, Query(**options)]}
    with pytest.raises(PlanError, match="'value'"):
        BoltAPI().get("/x")(handler)
