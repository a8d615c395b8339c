"""Finding and choosing contestants and endpoints."""

from __future__ import annotations

import json

import pytest

from benchmarks import contestant, endpoints, scaling
from benchmarks.order import TARGET_BYTES, order_body


def test_every_contestant_is_found_under_the_name_of_its_module():
    found = contestant.discover()
    assert {"bolt", "peer", "peer_default", "nginx"} <= set(found)
    assert all(each.name == name and each.description for name, each in found.items())


def test_contestants_come_in_the_order_asked_for():
    assert [each.name for each in contestant.select(["peer", "nginx"])] == ["peer", "nginx"]


@pytest.mark.parametrize("select", [contestant.select, endpoints.select, scaling.contestants])
def test_an_unknown_name_is_refused_with_the_known_ones(select):
    with pytest.raises(ValueError, match=r"'nobody'; choose from \w+"):
        select(["nobody"])


def test_nginx_has_the_hello_endpoint_only():
    nginx = contestant.discover()["nginx"]
    assert [each.name for each in endpoints.ENDPOINTS if nginx.has(each)] == ["hello"]


def test_the_order_has_its_size_and_is_the_same_every_time():
    assert len(order_body()) == TARGET_BYTES
    assert order_body() == order_body()
    assert len(json.loads(order_body())["lines"]) > 50


def test_scaling_has_one_contestant_for_each_number_of_routes():
    sites = scaling.contestants(["peer"])
    assert [site.variables["ROUTES"] for site in sites] == ["10", "100", "1000", "10000"]
