"""Wherever the server accepts a text, the value is the one that Python itself makes of it; no text is ever a 5xx."""

from __future__ import annotations

import datetime
import enum
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote
from uuid import UUID

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_bolt import BoltAPI, Request
from django_bolt.testing import TestClient


class Color(enum.Enum):
    RED = "red"
    NONE = ""


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 20


def truth(text: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    return words[text.lower()]


def duration(text: str) -> datetime.timedelta:
    """Python has no parser of ISO 8601 durations: msgspec's, to which weeks are added."""
    weeks = re.search(r"(\d+)W", text)
    if weeks is None:
        return msgspec.convert(text, datetime.timedelta)
    rest = text.replace(weeks[0], "")
    days = datetime.timedelta() if rest.endswith("P") else msgspec.convert(rest.lstrip("+-"), datetime.timedelta)
    return (-1 if text[0] == "-" else 1) * (datetime.timedelta(weeks=int(weeks[1])) + days)


# By path: the type, and what Python makes of a text.
KINDS: dict[str, tuple[Any, Any]] = {
    "str": (str, str),
    "int": (int, int),
    "float": (float, float),
    "bool": (bool, truth),
    "decimal": (Decimal, Decimal),
    "uuid": (UUID, UUID),
    "date": (datetime.date, datetime.date.fromisoformat),
    "time": (datetime.time, datetime.time.fromisoformat),
    "datetime": (datetime.datetime, datetime.datetime.fromisoformat),
    "timedelta": (datetime.timedelta, duration),
    "color": (Color, Color),
    "level": (Level, lambda text: Level(int(text))),
    "literal": (Literal["a", "b", 3], lambda text: {"a": "a", "b": "b", "3": 3}[text]),
}


class Served:
    """A client, and the value that its last handler got."""

    def __init__(self, client: TestClient, seen: list[Any]) -> None:
        self.client = client
        self.seen = seen

    def ask(self, path: str, **request: Any) -> Any:
        """Return the status and, for a 200, the value."""
        self.seen.clear()
        response = self.client.get(path, **request)
        assert response.status_code in (200, 400, 404, 422), (response.status_code, response.text)
        if response.status_code == 200:
            (value,) = self.seen
            return True, value
        if response.status_code == 422:
            assert {error["type"] for error in response.json()["detail"]} <= {"type_error", "value_error"}
        return False, None


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    api = BoltAPI()
    seen: list[Any] = []
    for name, (kind, _) in KINDS.items():

        async def one(value: Any) -> None:
            seen.append(value)

        async def many(value: Any) -> None:
            seen.append(value)

        async def in_path(value: Any) -> None:
            seen.append(value)

        one.__annotations__ = in_path.__annotations__ = {"value": kind}
        many.__annotations__ = {"value": list[kind]}
        api.get(f"/one/{name}")(one)
        api.get(f"/many/{name}")(many)
        api.get(f"/path/{name}/{{value}}")(in_path)

    @api.get("/raw")
    async def raw(request: Request) -> None:
        seen.append(dict(request.query))

    with TestClient(api) as client:
        yield Served(client, seen)


def same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return left == right and math.copysign(1, left) == math.copysign(1, right)
    return type(left) is type(right) and left == right and repr(left) == repr(right)


DIGITS = st.text("0123456789", min_size=1, max_size=25)
NUMBERS = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.decimals().map(str),
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", "+", "-"]),
        DIGITS,
        st.one_of(st.just(""), DIGITS.map(lambda digits: f".{digits}")),
        st.one_of(st.just(""), st.integers(-400, 400).map(lambda power: f"e{power}")),
    ),
    st.text("0123456789+-._eE ", max_size=12),
)
ZONES = st.one_of(
    st.none(),
    st.just(datetime.UTC),
    st.builds(datetime.timezone, st.timedeltas(datetime.timedelta(hours=-23), datetime.timedelta(hours=23))),
)
MOMENTS = st.one_of(
    st.datetimes(timezones=ZONES).map(lambda moment: moment.isoformat()),
    st.datetimes().map(lambda moment: moment.isoformat(" ", "minutes")),
    st.dates().map(str),
    st.times(timezones=ZONES).map(lambda moment: moment.isoformat()),
    st.text("0123456789-:T.Z+ ", max_size=30),
)
DURATIONS = st.one_of(
    st.timedeltas().map(lambda duration: msgspec.to_builtins(duration)),
    st.from_regex(r"[+-]?P(\d{1,4}W)?(\d{1,9}D)?(T(\d{1,6}H)?(\d{1,6}M)?(\d{1,9}(\.\d{1,6})?S)?)?", fullmatch=True),
    st.text("P0123456789DTHMSW.-+", max_size=20),
)
IDENTIFIERS = st.one_of(
    st.uuids().map(str), st.uuids().map(lambda value: value.hex), st.text("0123456789abcdefABCDEF-{}", max_size=40)
)
WORDS = st.sampled_from(["true", "TRUE", "Yes", "on", "off", "0", "1", "red", "", "RED", "20", "a", "3", "03", "+1"])
TEXTS = st.one_of(NUMBERS, MOMENTS, DURATIONS, IDENTIFIERS, WORDS, st.text(max_size=40))


@pytest.mark.parametrize("name", KINDS)
@given(text=TEXTS)
@example(text="٣")
@example(text="9" * 4301)
@example(text="0" * 4300 + "1")
@example(text="1_000")
@example(text=" 1")
@example(text="2024-01-01T00:00:00.1234567")
@example(text="0001-01-01T00:00:00+23:59")
@example(text="1e999999")
@example(text="\ud7ff\U0010ffff\x7f")
def test_an_accepted_text_is_python_s_own_value(name: str, text: str, served: Served) -> None:
    accepted, value = served.ask(f"/one/{name}", params={"value": text})
    if accepted:
        assert same(value, KINDS[name][1](text)), (value, text)


@pytest.mark.parametrize("name", KINDS)
@given(texts=st.lists(TEXTS, min_size=1, max_size=4))
def test_lists(name: str, texts: list[str], served: Served) -> None:
    accepted, values = served.ask(f"/many/{name}", params={"value": texts})
    singles = [served.ask(f"/one/{name}", params={"value": text}) for text in texts]
    assert accepted == all(one for one, _ in singles)
    if accepted:
        assert all(same(value, single) for value, (_, single) in zip(values, singles, strict=True))


@pytest.mark.parametrize("name", KINDS)
@given(text=TEXTS.filter(bool))
def test_the_path_takes_what_the_query_takes(name: str, text: str, served: Served) -> None:
    if text in (".", ".."):
        return  # Segments that clients resolve before they ask.
    in_query = served.ask(f"/one/{name}", params={"value": text})
    in_path = served.ask(f"/path/{name}/{quote(text, safe='')}")
    assert in_path[0] == in_query[0]
    if in_path[0]:
        assert same(in_path[1], in_query[1])


def unfolded(moment: Any) -> Any:
    """Return the moment without `fold`, which no text holds."""
    return moment.replace(fold=0)


ROUND_TRIPS: dict[str, tuple[Any, Any]] = {
    "int": (st.integers(), str),
    "float": (st.floats(allow_nan=False, allow_infinity=False), repr),
    "decimal": (st.decimals(allow_nan=False, allow_infinity=False), str),
    "uuid": (st.uuids(), str),
    "date": (st.dates(), str),
    "time": (st.times().map(unfolded), str),
    "datetime": (st.datetimes(timezones=st.sampled_from([None, datetime.UTC])).map(unfolded), str),
    "timedelta": (st.timedeltas(), lambda value: msgspec.to_builtins(value)),
    "color": (st.sampled_from(Color), lambda value: value.value),
    "level": (st.sampled_from(Level), lambda value: str(value.value)),
    "str": (st.text().filter(lambda text: "\0" not in text), str),
}


@pytest.mark.parametrize("name", ROUND_TRIPS)
@given(data=st.data())
def test_every_value_as_python_writes_it_is_accepted(name: str, data: st.DataObject, served: Served) -> None:
    values, write = ROUND_TRIPS[name]
    value = data.draw(values)
    accepted, found = served.ask(f"/one/{name}", params={"value": write(value)})
    assert accepted, write(value)
    assert same(found, value)


@given(query=st.binary(max_size=60))
@example(query=b"value=%FF")
@example(query=b"value=%")
@example(query=b"value=%u0041")
@example(query=b"&&=&value")
@example(query=b"value=+%2B+")
def test_any_query_string_is_answered(query: bytes, served: Served) -> None:
    encoded = "".join(chr(byte) if 33 <= byte < 127 and chr(byte) not in '#"<>' else f"%{byte:02X}" for byte in query)
    for path in ("/one/str", "/many/str", "/raw"):
        served.seen.clear()
        response = served.client.get(f"{path}?{encoded}")
        assert response.status_code in (200, 422), response.text


@given(text=st.text(max_size=40))
def test_any_text_in_a_path_is_answered(text: str, served: Served) -> None:
    served.seen.clear()
    response = served.client.get(f"/path/str/{quote(text, safe='')}")
    assert response.status_code < 500
    if response.status_code == 200:
        assert served.seen == [text]
