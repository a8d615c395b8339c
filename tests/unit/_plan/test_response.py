"""What is a schema of an answer and what is not."""

from __future__ import annotations

import typing
from typing import Any

import msgspec
import pytest
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from msgspec import UNSET

from django_bolt._plan.errors import PlanError, UnresolvedName
from django_bolt._plan.response import response_type


class Item(msgspec.Struct):
    name: str


class Answer:
    __bolt_response__ = True


class Special(Answer):
    pass


class Unknown:
    pass


def returning(annotation: Any) -> Any:
    def handler():
        return None

    handler.__annotations__["return"] = annotation
    return handler


def nothing():
    return None


@pytest.mark.parametrize(
    "annotation",
    [
        None,
        "None",
        Any,
        object,
        typing.NoReturn,
        typing.Never,
        Answer,
        Special,
        HttpResponse,
        JsonResponse,
        StreamingHttpResponse,
        Answer | None,
        Answer | HttpResponse,
        Any | None,
    ],
)
def test_no_schema(annotation):
    assert response_type(returning(annotation), UNSET) is UNSET


def test_no_annotation_is_no_schema():
    assert response_type(nothing, UNSET) is UNSET


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Item, Item),
        ("Item", Item),
        (list[Item] | None, list[Item] | None),
        (tuple[Item, int], tuple[Item, int]),
        (dict[str, int], dict[str, int]),
        (Item | Answer, Item),
        (Item | HttpResponse | None, Item | None),
        (str, str),
    ],
)
def test_schemas(annotation, expected):
    assert response_type(returning(annotation), UNSET) == expected


def test_the_model_wins_over_the_annotation():
    assert response_type(returning(Item), list[int]) == list[int]
    assert response_type(returning(Unknown), Item) is Item


def test_none_as_the_model_turns_the_annotation_off():
    assert response_type(returning(Unknown), None) is UNSET
    assert response_type(returning("Missing"), None) is UNSET


def test_unknown_types_are_refused_with_the_way_out():
    with pytest.raises(PlanError, match="^return annotation: Unknown is no type .* declare response_model=None"):
        response_type(returning(Unknown), UNSET)
    with pytest.raises(PlanError, match="^response_model: Unknown inside list.Unknown. is no type"):
        response_type(nothing, list[Unknown])


def test_a_name_that_does_not_exist_yet_is_unresolved():
    with pytest.raises(UnresolvedName, match="^return annotation: Missing in 'Missing'"):
        response_type(returning("Missing"), UNSET)
