from __future__ import annotations

import datetime
import decimal
import enum
import uuid

import msgspec
import pytest
from django.contrib.auth.models import User
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from django_bolt import _json


class Number(int):
    pass


class Half(float):
    pass


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (gettext_lazy("Yes"), b'"Yes"'),
        (mark_safe("<b>"), b'"<b>"'),
        ({"a": [mark_safe("x")]}, b'{"a":["x"]}'),
        (Number(5), b"5"),
        (Half(0.5), b"0.5"),
        (Colour.RED, b'"red"'),
        (decimal.Decimal("1.50"), b'"1.50"'),
        (uuid.UUID(int=1), b'"00000000-0000-0000-0000-000000000001"'),
        (datetime.date(2020, 1, 2), b'"2020-01-02"'),
        (datetime.timedelta(hours=1), b'"PT3600S"'),
        ({1}, b"[1]"),
        (b"bytes", b'"Ynl0ZXM="'),
        (True, b"true"),
    ],
)
def test_encode(value, text):
    assert _json.encode(value) == text


@pytest.mark.parametrize("value", [object(), {"a": complex(1)}, (item for item in ())])
def test_what_json_cannot_say(value):
    with pytest.raises(TypeError, match="expected one that JSON can say"):
        _json.encode(value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (User(username="u", password="secret"), "an instance of User"),
        ([User()], "UserSchema"),
        ({"users": User.objects.all()}, r"a QuerySet of User.*list\[UserSchema\]"),
        (User.objects, "a UserManager of User"),
    ],
)
def test_models_are_never_guessed_into_the_open(value, words):
    with pytest.raises(TypeError, match=words) as caught:
        _json.encode(value)
    assert "response_model=" in str(caught.value)


@given(st.text(max_size=30), st.text(max_size=10))
def test_offset_becomes_line_and_column(before, after):
    # A bare word is wrong wherever it stands in a list of texts.
    head = msgspec.json.encode([before]).decode()[:-1].replace("\\n", "\\n") + ",\n"
    body = (head + "  ?" + after).encode()
    with pytest.raises(msgspec.DecodeError) as caught:
        msgspec.json.decode(body)
    loc, message, kind = _json.malformed(caught.value, body)
    assert loc == ["body", 2, 3]
    assert (message, kind) == ("JSON is malformed: invalid character", "json_invalid")


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        (b'{"a":1}', None),
        (b'{"a":"\\u0000"}', ["body", "a"]),
        (b'"\\u0000"', ["body"]),
        (b'[1,"x",{"y":["\\u0000"]}]', ["body", 2, "y", 0]),
        (b'{"ok":{"a\\u0000":1}}', ["body", "ok", "a\0"]),
        (b'{"a":"\\\\u0000"}', None),
    ],
)
def test_nul(body, loc):
    expected = [] if loc is None else [(loc, "must not contain NUL", "value_error")]
    assert _json.nul_errors(body) == expected
