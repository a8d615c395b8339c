"""A warning for the same query made again and again while one request is answered (N+1)."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from django_bolt._server.dev.scope import Routes, Scope, current_scope, running_stack
from django_bolt._server.dev.source import project_part, shown

_logger = logging.getLogger("django_bolt")

LIMIT = 10
"""How often one request may make the same query."""
SQL_LENGTH = 200
BOOKKEEPING = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "SET ")


def count_queries(routes: Routes) -> None:
    """Count the queries of every connection that this process opens from now on."""
    count = Count(routes)

    def connected(connection: BaseDatabaseWrapper, **_: Any) -> None:
        if count not in connection.execute_wrappers:
            connection.execute_wrappers.append(count)

    connection_created.connect(connected, weak=False, dispatch_uid="django_bolt.dev.queries")
    for connection in connections.all(initialized_only=True):
        connected(connection)


class Count:
    """What stands around each query (`connection.execute_wrapper`)."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._told: set[tuple[str | None, str]] = set()

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """Count the query and run it."""
        if not many and isinstance(sql, str) and not sql.startswith(BOOKKEEPING):
            scope = current_scope()
            scope.statements[sql] += 1
            if scope.statements[sql] == LIMIT + 1:
                self._warn(sql, scope)
        return execute(sql, params, many, context)

    def _warn(self, sql: str, scope: Scope) -> None:
        stack = running_stack(sys._getframe(2), scope)
        route = self._routes.name(scope.exchange, stack)
        # Outside a request nobody ends the count.
        if route is None or (route, sql) in self._told:
            return
        self._told.add((route, sql))
        code = project_part(stack)
        where = f"{shown(code[-1][0].f_code.co_filename)}:{code[-1][1]}" if code else "unknown"
        text = sql if len(sql) <= SQL_LENGTH else f"{sql[:SQL_LENGTH]}…"
        _logger.warning(
            "%s ran the same query more than %d times in one request, at %s: %s "
            "(select_related() or prefetch_related() fetch related rows with the first query)",
            route,
            LIMIT,
            where,
            text,
        )
