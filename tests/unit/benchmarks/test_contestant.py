"""Finding and choosing contestants and endpoints."""

from __future__ import annotations

import json

import pytest

from benchmarks import contestant, databases, endpoints, scaling, targets
from benchmarks.order import TARGET_BYTES, order_body


def test_every_contestant_is_found_under_the_name_of_its_module():
    found = contestant.discover()
    assert {"bolt", "peer", "peer_default", "peer_tuned", "fastapi", "django", "nginx"} <= set(found)
    assert all(each.name == name and each.description for name, each in found.items())


def test_contestants_come_in_the_order_asked_for():
    assert [each.name for each in contestant.select(["peer", "nginx"])] == ["peer", "nginx"]


def test_who_competes_on_one_database_only_is_left_out_elsewhere_unless_asked_for():
    assert "peer_tuned" in {each.name for each in contestant.select(None, database="distant")}
    assert "peer_tuned" not in {each.name for each in contestant.select(None, database="sqlite")}
    assert [each.name for each in contestant.select(["peer_tuned"], database="sqlite")] == ["peer_tuned"]


def test_endpoints_without_a_database_are_left_out_unless_asked_for():
    chosen = endpoints.select(None, database_only=True)
    assert {"user", "create"} <= {each.name for each in chosen}
    assert all(each.database for each in chosen)
    assert [each.name for each in endpoints.select(["hello"], database_only=True)] == ["hello"]


def test_every_endpoint_that_writes_to_the_database_says_how_to_undo_it():
    assert {each.name for each in endpoints.ENDPOINTS if each.database and each.method != "GET"} == {
        each.name for each in endpoints.ENDPOINTS if each.undo
    }


def test_every_target_names_a_database_an_endpoint_and_a_contestant_that_has_it():
    known = {each.name: each for each in endpoints.ENDPOINTS}
    found = contestant.discover()
    assert set(targets.TARGETS) == set(databases.DATABASES)
    for target in [target for group in targets.TARGETS.values() for target in group]:
        assert found[targets.SUBJECT].has(known[target.endpoint])
        assert found[target.reference].has(known[target.beside or target.endpoint])


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
