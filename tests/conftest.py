"""What every suite shares: Django is set up by pytest-django with ``tests.settings``."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.postgres import make_database, pgbouncer, postgresql

__all__ = ["make_database", "pgbouncer", "postgresql"]

# A slow machine is no fault of the code under test; the timeout of each test catches what hangs.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")
