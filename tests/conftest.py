"""What every suite shares: Django is set up by pytest-django with ``tests.settings``."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.postgres import make_database, pgbouncer, postgresql
from tests.redis import own_redis_server, redis_server

__all__ = ["make_database", "own_redis_server", "pgbouncer", "postgresql", "redis_server"]

# A slow machine is no fault of the code under test; the timeout of each test catches what hangs.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")
