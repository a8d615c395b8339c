"""Conversions in Python: values, and ValueError for all that does not fit."""

from __future__ import annotations

import decimal
from typing import Annotated

import pytest
from msgspec import Meta

from django_bolt._plan.constraint import Bounds
from django_bolt._plan.convert import Converter


@pytest.mark.parametrize(
    ("converter", "text", "expected"),
    [
        (Converter(decimal.Decimal, Bounds(ge=1)), "1.5", decimal.Decimal("1.5")),
        (Converter(int, Bounds(le=2**70)), str(2**65), 2**65),
        (Converter(Annotated[str, Meta(pattern="^(?=a)")]), "abc", "abc"),
        (Converter(tuple[int, float]), ["1", "2.5"], (1, 2.5)),
        (Converter(bytes), "aGk=", b"hi"),
    ],
)
def test_texts_become_values(converter, text, expected):
    assert converter(text) == expected


@pytest.mark.parametrize(
    ("converter", "text", "message"),
    [
        (Converter(decimal.Decimal, Bounds(ge=1)), "0.5", "Expected `Decimal` >= 1"),
        (Converter(decimal.Decimal, Bounds(gt=1)), "1", "Expected `Decimal` > 1"),
        (Converter(decimal.Decimal, Bounds(lt=1)), "1", "Expected `Decimal` < 1"),
        (Converter(decimal.Decimal, Bounds(le=1)), "1.1", "Expected `Decimal` <= 1"),
        (Converter(decimal.Decimal, Bounds(multiple_of=2)), "3", "that is a multiple of 2"),
        (Converter(decimal.Decimal, Bounds(multiple_of=2)), "1e999999", "that is a multiple of 2"),
        (Converter(decimal.Decimal, Bounds(ge=1)), "NaN", "finite"),
        (Converter(decimal.Decimal), "Infinity", "finite"),
        (Converter(tuple[float, float]), ["1", "nan"], "finite"),
        (Converter(int, Bounds(le=2**70)), "9" * 5000, "."),
        (Converter(int), "a", "int"),
        (Converter(Annotated[str, Meta(pattern="^(?=a)")]), "b", "regex"),
        (Converter(tuple[int, int]), ["1"], "length"),
    ],
)
def test_what_does_not_fit_is_a_value_error(converter, text, message):
    with pytest.raises(ValueError, match=message):
        converter(text)
