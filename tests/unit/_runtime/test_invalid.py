from __future__ import annotations

import datetime
import enum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from django_bolt._runtime.invalid import body_errors, convert_error, nul_errors


class Colour(enum.Enum):
    RED = "red"


class Inner(msgspec.Struct):
    b: int


class Guarded(msgspec.Struct):
    password: str
    level: int = 0

    def __post_init__(self):
        if len(self.password) < 8:
            raise msgspec.ValidationError("Password must be at least 8 characters")
        if self.password == "forbidden":
            raise ValueError("not this one - at `$.x`")
        if self.password == "no-number":
            raise TypeError("no number")
        if self.password == "unplanned":
            raise KeyError("programmer's mistake")


class Group(msgspec.Struct):
    name: str
    members: list[Guarded]
    owner: Guarded | None = None


class Body(msgspec.Struct, forbid_unknown_fields=True):
    n: Annotated[int, Meta(ge=3)] = 3
    s: Annotated[str, Meta(pattern="^a", max_length=3)] = "a"
    items: list[Inner] = []
    table: dict[str, int] = {}
    nested: dict[str, dict[str, list[int]]] = {}
    when: datetime.datetime | None = None
    colour: Colour | None = None
    word: Literal["x", "y"] = "x"
    pair: tuple[int, str] = (1, "a")
    maybe: int | None = None
    tags: Annotated[list[str], Meta(max_length=2)] = []


class Odd(msgspec.Struct, rename={"dotted": "a.b", "bracket": "c[0]", "tick": "d`e"}):
    dotted: int = 0
    bracket: list[int] = []
    tick: int = 0
    plain: Inner | None = None


class Needs(msgspec.Struct):
    a: int
    inner: Inner


def errors(body, kind=Body):
    with pytest.raises((msgspec.MsgspecError, UnicodeDecodeError, TypeError)) as caught:
        msgspec.json.decode(body, type=kind)
    return body_errors(caught.value, body)


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (Body, b'{"n":"x"}', (["body", "n"], "expected int", "type_error")),
        (Body, b'{"maybe":"x"}', (["body", "maybe"], "expected int | null", "type_error")),
        (Body, b"[]", (["body"], "expected object", "type_error")),
        (Body, b"null", (["body"], "expected object", "type_error")),
        (Body, b'{"items":[{"b":1},{"b":"x"}]}', (["body", "items", 1, "b"], "expected int", "type_error")),
        (Body, b'{"items":[{"b":1},{}]}', (["body", "items", 1, "b"], "missing required field", "missing_field")),
        (Needs, b"{}", (["body", "a"], "missing required field", "missing_field")),
        (Needs, b'{"a":1,"inner":{}}', (["body", "inner", "b"], "missing required field", "missing_field")),
        (Body, b'{"zz":1}', (["body", "zz"], "unexpected field", "extra_forbidden")),
        (Body, b'{"n":1}', (["body", "n"], "expected int >= 3", "value_error")),
        (Body, b'{"s":"abbb"}', (["body", "s"], "expected str of length <= 3", "value_error")),
        (Body, b'{"s":"b"}', (["body", "s"], "expected str matching regex '^a'", "value_error")),
        (Body, b'{"tags":["a","b","c"]}', (["body", "tags"], "expected array of length <= 2", "value_error")),
        (Body, b'{"pair":[1]}', (["body", "pair"], "expected array of length 2", "value_error")),
        (Body, b'{"pair":[1,1]}', (["body", "pair", 1], "expected str", "type_error")),
        (Body, b'{"when":"x"}', (["body", "when"], "invalid RFC3339 encoded datetime", "value_error")),
        (Body, b'{"colour":"blue"}', (["body", "colour"], "invalid enum value 'blue'", "value_error")),
        (Body, b'{"word":"z"}', (["body", "word"], "invalid enum value 'z'", "value_error")),
        (Body, b'{"n":' + b"1" * 5000 + b"}", (["body", "n"], "integer value out of range", "value_error")),
        (Body, b'{"table":{"only":"x"}}', (["body", "table", "only"], "expected int", "type_error")),
        (Body, b'{"table":{"a":1,"b":"x"}}', (["body", "table"], "expected int", "type_error")),
        (Body, b'{"nested":{"k":{"l":[1,"x"]}}}', (["body", "nested", "k", "l", 1], "expected int", "type_error")),
        (dict[int, int], b'{"a":1}', (["body"], "expected int", "type_error")),
        (Odd, b'{"a.b":"x"}', (["body", "a.b"], "expected int", "type_error")),
        (Odd, b'{"c[0]":[1,"x"]}', (["body", "c[0]", 1], "expected int", "type_error")),
        (Odd, b'{"d`e":"x"}', (["body", "d`e"], "expected int", "type_error")),
        (Odd, b'{"plain":{"b":null}}', (["body", "plain", "b"], "expected int", "type_error")),
        (list[int], b'[1,"x"]', (["body", 1], "expected int", "type_error")),
        (set[Any], b"[[1]]", (["body"], "unhashable type: 'list'", "value_error")),
    ],
)
def test_wrong_bodies(kind, body, expected):
    assert errors(body, kind) == [expected]


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        (b'{"n":4,}', ["body", 1, 8]),
        (b'{"n":', ["body", 1, 6]),
        (b"", ["body", 1, 1]),
        (b'{\n\n  "n": ? }', ["body", 3, 8]),
        (b'{"s":"\xff"}', ["body", 1, 7]),
        (b'{"n":4,\n"s":"a\xc3\xa9" 2}', ["body", 2, 10]),
        (b"\xff", ["body", 1, 1]),
    ],
)
def test_malformed_json(body, loc):
    ((found, message, kind),) = errors(body)
    assert (found[0], kind) == ("body", "json_invalid")
    assert message.startswith("JSON is malformed: ")
    assert found == loc


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"password":"short"}', (["body"], "Password must be at least 8 characters", "value_error")),
        (b'{"password":"forbidden"}', (["body"], "not this one - at `$.x`", "value_error")),
        (b'{"password":"no-number"}', (["body"], "no number", "value_error")),
    ],
)
def test_raised_in_post_init(body, expected):
    assert errors(body, Guarded) == [expected]


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("short", "Password must be at least 8 characters"),
        ("forbidden", "not this one - at `$.x`"),
        ("no-number", "no number"),
    ],
)
def test_raised_in_a_nested_post_init(password, message):
    good, bad = {"password": "long enough"}, {"password": password}
    listed = msgspec.json.encode({"name": "n", "members": [good, good, bad]})
    assert errors(listed, Group) == [(["body", "members", 2], message, "value_error")]
    owned = msgspec.json.encode({"name": "n", "members": [good], "owner": bad})
    assert errors(owned, Group) == [(["body", "owner"], message, "value_error")]


def test_a_programmers_mistake_is_not_the_clients():
    body = b'{"password":"unplanned"}'
    with pytest.raises(KeyError) as caught:
        msgspec.json.decode(body, type=Guarded)
    assert body_errors(caught.value, body) is None
    assert convert_error(caught.value) is None


def test_the_clients_text_is_not_sent_back_whole():
    ((_, message, _),) = errors(msgspec.json.encode({"word": "w" * 100_000}))
    assert len(message) <= 200
    assert message.endswith("…")


def test_path_of_a_key_is_not_part_of_the_message():
    ((_, message, _),) = errors(b'{"a":1}', dict[int, int])
    assert "$" not in message


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (lambda: msgspec.convert("x", int), ("expected int", "type_error")),
        (lambda: msgspec.convert({"b": "x"}, Inner), ("expected int", "type_error")),
        (lambda: msgspec.convert(1, Annotated[int, Meta(ge=3)]), ("expected int >= 3", "value_error")),
        (lambda: Guarded("short"), ("Password must be at least 8 characters", "value_error")),
        (lambda: Guarded("forbidden"), ("not this one - at `$.x`", "value_error")),
        (lambda: msgspec.convert({"password": "no-number"}, Guarded), ("no number", "value_error")),
        (lambda: int("x"), ("invalid literal for int() with base 10: 'x'", "value_error")),
    ],
)
def test_converters(raised, expected):
    with pytest.raises((ValueError, TypeError)) as caught:
        raised()
    assert convert_error(caught.value) == expected


def test_empty_message():
    assert convert_error(ValueError()) == ("invalid value", "value_error")


def test_nul():
    assert nul_errors(b'{"a":"\\u0000"}', {"a": "\0"}) == [(["body", "a"], "must not contain NUL", "value_error")]
    assert nul_errors(b'{"a":"b"}', {"a": "b"}) == []


def test_deep_recursion_is_json_invalid():
    ((loc, _, kind),) = body_errors(RecursionError(), b"[[[")
    assert (loc, kind) == (["body", 1, 1], "json_invalid")
