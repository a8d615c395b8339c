"""What is told of routes."""

from __future__ import annotations

import pytest

from django_bolt._runtime.assemble import assemble
from django_bolt._server.routes import RouteRow, route_rows, table
from django_bolt.application import BoltAPI
from django_bolt.auth import IsStaff
from django_bolt.conf import Configuration


@pytest.fixture
def api():
    api = BoltAPI()

    limits = {"timeout": 2.5, "max_body": 1000}

    @api.post("/pay/{number}", shield=True, status_code=201, tags=["money"], guards=[IsStaff], **limits)
    async def pay(number: int):
        return number

    @api.get("/now", inline=True, name="clock", include_in_schema=False)
    def now():
        return 1

    return api


def rows(api, **values) -> dict[tuple[str, str], RouteRow]:
    return {(row.method, row.path): row for row in route_rows(assemble([api]), Configuration(**values))}


def test_a_route_is_told_with_everything_declared(api):
    assert rows(api)["POST", "/pay/{number}"]._asdict() == {
        "method": "POST",
        "path": "/pay/{number}",
        "handler": f"{__name__}.api.<locals>.pay",
        "kind": "plain",
        "name": "pay",
        "status": 201,
        "inline": False,
        "shield": True,
        "timeout": 2.5,
        "max_body": 1000,
        "deprecated": False,
        "include_in_schema": True,
        "tags": ["money"],
        "guards": ["IsStaff"],
        "built_in": False,
    }


def test_flags_are_what_is_out_of_the_ordinary(api):
    found = rows(api)
    assert found["POST", "/pay/{number}"].flags() == "shield, timeout=2.5, max_body=1000, guards=IsStaff"
    assert found["GET", "/now"].flags() == "inline, not in schema"
    assert (found["GET", "/now"].kind, found["GET", "/now"].name) == ("inline", "clock")


def test_documentation_and_health_are_built_in(api):
    found = rows(api)
    assert {path for (_, path), row in found.items() if row.built_in} == {
        "/docs",
        "/docs/start.js",
        "/docs/{name}",
        "/openapi.json",
        "/health",
        "/ready",
    }
    assert (found["GET", "/ready"].kind, found["GET", "/ready"].flags()) == ("rust", "built-in")


def test_health_is_told_where_the_server_answers_it(api):
    api.get("/health")(lambda: "mine")
    found = rows(api)
    assert not found["GET", "/health"].built_in
    assert found["GET", "/ready"].built_in
    assert ("GET", "/ready") not in rows(api, health=False)


def test_rows_are_sorted_by_path(api):
    paths = [row.path for row in route_rows(assemble([api]), Configuration())]
    assert paths == sorted(paths)


def test_the_table_is_aligned_and_shortens_handlers_only(api):
    found = route_rows(assemble([api]), Configuration())
    wide = ["  ".join(line) for line in table(found, width=1000)]
    assert len({len(line) for line in wide}) == 1
    assert "tests.unit._server.test_routes.api.<locals>.pay" in "\n".join(wide)
    narrow = ["  ".join(line) for line in table(found, width=len(wide[0]) - 5)]
    assert {len(line) for line in narrow} == {len(wide[0]) - 5}
    assert "…" in "\n".join(narrow)
    assert "api.<locals>.pay " in "\n".join(narrow)
