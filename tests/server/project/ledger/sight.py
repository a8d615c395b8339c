"""What a request can see of its database connection."""

from __future__ import annotations

from typing import Any

from django.db import connection

from django_bolt.exceptions import HTTPException

# Each is a trace of a request that used the connection before, or of another one that uses it now.
TRACES = {
    "a transaction that has written": "pg_current_xact_id_if_assigned() IS NOT NULL",
    "a transaction": "transaction_timestamp() <> statement_timestamp()",
    "a setting of a transaction": "coalesce(current_setting('ledger.marker', true), '') <> ''",
    "a row that nobody commits": "EXISTS (SELECT FROM ledger_marker)",
    "a cursor": "EXISTS (SELECT FROM pg_cursors WHERE name <> '')",
    "a prepared statement": "EXISTS (SELECT FROM pg_prepared_statements)",
}


def rows(sql: str, *parameters: Any) -> list[Any]:
    """Run a statement and return its rows, none where it gives none."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return cursor.fetchall() if cursor.description else []


def look() -> int:
    """Return the server process that answers; 409 where anything of another request is to be seen."""
    found = [name for name in ("in_atomic_block", "savepoint_ids", "run_on_commit") if getattr(connection, name)]
    [[pid, *traces]] = rows(f"SELECT pg_backend_pid(), {', '.join(TRACES.values())}")
    found += [name for name, trace in zip(TRACES, traces, strict=True) if trace]
    if found:
        raise HTTPException(409, detail=f"found {', '.join(found)}")
    return int(pid)


def pid() -> int:
    """Return the server process that answers."""
    return int(rows("SELECT pg_backend_pid()")[0][0])


def mark(tag: str) -> None:
    """Leave traces that go when the transaction does."""
    rows("SELECT set_config('ledger.marker', %s, true)", tag)
    rows("INSERT INTO ledger_marker (tag) VALUES (%s)", tag)
