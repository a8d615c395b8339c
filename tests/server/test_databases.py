"""The served project on a PostgreSQL server, directly and through PgBouncer: what a handler writes is there."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from scripts.postgresql import PgBouncer, PostgreSQL
from tests.server.harness import Server, eventually


@pytest.mark.parametrize("way", ["postgresql", "pgbouncer"])
def test_a_row_reaches_the_database(
    way: str,
    request: pytest.FixtureRequest,
    postgresql: PostgreSQL,
    make_database: Callable[[], str],
    make_server: Callable[..., Server],
) -> None:
    service: PostgreSQL | PgBouncer = request.getfixturevalue(way)
    name = make_database()
    with make_server("127.0.0.1:0", databases={"default": service.settings(name)}).migrate() as server:
        assert json.loads(server.get("/asyncio/task/lamp").body) == {"done": False}
        assert eventually(lambda: postgresql.execute("SELECT name FROM shop_item", database=name)) == "lamp"
        server.assert_well()
