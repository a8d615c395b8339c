"""What `runbolt --dev` adds to a server: restarts when files change, and warnings about slow code.

Nothing here may be imported by a server in production.
"""

from __future__ import annotations

from collections.abc import Sequence

from django_bolt._plan.compile import Route
from django_bolt._runtime.hooks import SeatHooks
from django_bolt._server.dev.blocking import Watcher
from django_bolt._server.dev.queries import count_queries
from django_bolt._server.dev.scope import Routes, observed


def observe(hooks: SeatHooks, routes: Sequence[Route]) -> SeatHooks:
    """Return `hooks` with which requests are known to the warnings, and start to warn.

    Called on the worker's own thread.
    """
    known = Routes(routes)
    count_queries(known)
    Watcher(known).start()
    return observed(hooks)
