"""The plan as data: what crosses and what does not."""

from __future__ import annotations

import json

import msgspec
import pytest

from django_bolt._plan import model
from django_bolt._plan.model import AppPlan, RoutePlan, serialise
from django_bolt._plan.node import Ref
from django_bolt._plan.policy import Policies
from django_bolt._plan.server import ServerPlan


def route(**changes):
    fields = {
        "method": "GET",
        "path": "/",
        "kind": "plain",
        "shield": False,
        "status": 200,
        "max_body": None,
        "timeout": None,
        "python_errors": False,
        "args": [],
        "keywords": [],
        "body": None,
        "policies": Policies(),
        "auth": [],
        "guards": [],
        "around": False,
        "call": Ref(len),
        "encoders": Ref(repr),
        "finish": Ref(str),
        "fail": Ref(int),
    }
    return RoutePlan(**{**fields, **changes})


def test_objects_cross_beside_the_plan_in_order():
    data, objects = serialise(AppPlan(routes=[route()], prefixes=["/api"], scopes=[], backends=[], server=ServerPlan()))
    plan = json.loads(data)
    assert objects == [len, repr, str, int]
    assert [plan["routes"][0][name] for name in ("call", "encoders", "finish", "fail")] == [0, 1, 2, 3]
    assert plan["prefixes"] == ["/api"]
    assert plan["server"]["limits"]["body"] == 2_621_440


def test_nodes_are_tagged_in_snake_case():
    nodes = [model.Str(), model.Timedelta(), model.RequestArgument(), model.BodyArgument(), model.RawBody()]
    tags = [json.loads(msgspec.json.encode(node))["kind"] for node in nodes]
    assert tags == ["str", "timedelta", "request", "body", "raw"]


def test_only_data_and_references_cross():
    with pytest.raises(TypeError, match="may hold only data and Ref, found object"):
        serialise(AppPlan(scopes=[], backends=[], routes=[route(call=object())], prefixes=[], server=ServerPlan()))


def test_nodes_are_frozen():
    with pytest.raises(AttributeError):
        model.Int(ge=1).ge = 2


def test_a_reference_reads_as_what_it_points_at():
    assert repr(Ref(len)) == "Ref(len)"
    assert repr(Ref("a")) == "Ref('a')"
