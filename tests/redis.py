"""Fixtures for tests that need a real Redis: one for the session, from the first use on, or one of a test's own.

Where it is not installed such tests are skipped, or fail if BOLT_REQUIRE_SERVICES is 1.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.redis_server import Redis
from tests.postgres import require


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """The session's Redis server; what is in it is anybody's."""
    require(Redis)
    with Redis() as server:
        yield server


@pytest.fixture
def own_redis_server() -> Iterator[Redis]:
    """A Redis server that the test may stop."""
    require(Redis)
    with Redis() as server:
        yield server
