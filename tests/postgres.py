"""Fixtures for tests that need a real PostgreSQL or PgBouncer: one of each for the session, from the first use on.

Where they are not installed such tests are skipped, or fail if BOLT_REQUIRE_SERVICES is 1. pytest-django's own test
database is not made here.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator

import pytest

from scripts.postgresql import PgBouncer, PostgreSQL, Service

_numbers = itertools.count(1)


def require(service: type[Service]) -> None:
    """Skip the test where the service cannot be started here, or fail where it has to be."""
    if reason := service.unavailable():
        if os.environ.get("BOLT_REQUIRE_SERVICES") == "1":
            pytest.fail(f"{reason}; BOLT_REQUIRE_SERVICES=1 forbids to skip this", pytrace=False)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """The session's PostgreSQL server; a test that restarts it leaves it running."""
    require(PostgreSQL)
    with PostgreSQL() as server:
        yield server


@pytest.fixture(scope="session")
def pgbouncer(postgresql: PostgreSQL) -> Iterator[PgBouncer]:
    """A PgBouncer in transaction mode in front of the session's PostgreSQL."""
    require(PgBouncer)
    with PgBouncer(postgresql) as bouncer:
        yield bouncer


@pytest.fixture
def make_database(postgresql: PostgreSQL) -> Iterator[Callable[[], str]]:
    """Make an empty database and return its name; gone behind the test, whoever is connected to it."""
    names: list[str] = []

    def make() -> str:
        names.append(postgresql.create_database(f"test_{next(_numbers)}"))
        return names[-1]

    yield make
    for name in names:
        postgresql.drop_database(name)
