"""What msgspec can handle, and the class it cannot."""

from __future__ import annotations

import ipaddress
from typing import Any, TypedDict

import msgspec
import pytest

from django_bolt._plan.errors import PlanError, UnresolvedName
from django_bolt._plan.schema import check_schema


class Tree(msgspec.Struct):
    children: list[Tree] = []


class Host(msgspec.Struct):
    address: ipaddress.IPv4Address


class Deep(TypedDict):
    hosts: dict[str, tuple[Host, int]]


class Dangling(msgspec.Struct):
    other: Missing  # noqa: F821


@pytest.mark.parametrize("annotation", [int, Tree, list[Tree] | None, dict[str, Any], tuple[int, str], Any])
def test_known_types_pass(annotation):
    check_schema(annotation)


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        (ipaddress.IPv4Address, "^IPv4Address is no type that msgspec can handle; name its fields in a msgspec.Struct"),
        (Host, "^IPv4Address inside Host is no type"),
        (Deep, "^IPv4Address inside Deep is no type"),
        (list[int] | set[int], r"list\[int\] \| set\[int\] is no type that msgspec can handle: Type unions"),
        (5, "5 is no type"),
    ],
)
def test_the_unknown_class_is_named(annotation, message):
    with pytest.raises(PlanError, match=message):
        check_schema(annotation)


def test_a_field_of_an_unknown_type_is_unresolved():
    with pytest.raises(UnresolvedName, match="Missing in a field of Dangling"):
        check_schema(Dangling)
