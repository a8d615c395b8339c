"""Copies of a filled database for each contestant, and what a round leaves in them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import psycopg
import pytest

from benchmarks.databases import DistantPostgres, Postgres, SQLite, round_trip
from benchmarks.delay import DELAY_MILLISECONDS
from scripts.postgresql import PostgreSQL
from tests.postgres import require

FILL = "CREATE TABLE note (text text); INSERT INTO note VALUES ('first');"
ADD = "INSERT INTO note VALUES ('more')"
UNDO = "DELETE FROM note WHERE text = 'more'"
needs_linux = pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("taskset") is None, reason="the benchmark runs on Linux only"
)


def core() -> int:
    return min(os.sched_getaffinity(0))


def sqlite_rows(url: str, sql: str = "") -> list[str]:
    with closing(sqlite3.connect(url.removeprefix("sqlite://"))) as connection, connection:
        connection.executescript(sql)
        return [text for (text,) in connection.execute("SELECT text FROM note")]


def postgresql_rows(url: str, sql: str = "") -> list[str]:
    with psycopg.connect(url) as connection:
        if sql:
            connection.execute(sql)
        return [text for (text,) in connection.execute("SELECT text FROM note")]


def fill_sqlite(url: str) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite://"))) as connection:
        connection.executescript(FILL)


def fill_postgresql(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(FILL)


def check_copies(database, rows) -> None:
    one, two = database.copy("one"), database.copy("two")
    assert rows(one, ADD) == ["first", "more"]
    assert rows(two) == ["first"]
    database.undo("one", UNDO)
    assert rows(one) == ["first"]
    database.undo("nobody", UNDO)


def test_sqlite_copies_are_apart_and_can_be_put_back(tmp_path):
    with SQLite(workspace=tmp_path, core=0, load=fill_sqlite) as database:
        check_copies(database, sqlite_rows)


def test_the_data_is_loaded_once_and_only_when_it_is_needed(tmp_path):
    loaded = []

    def load(url: str) -> None:
        loaded.append(url)
        fill_sqlite(url)

    with SQLite(workspace=tmp_path, core=0, load=load) as database:
        assert database.facts()["name"] == "sqlite"
        assert loaded == []
        database.copy("one")
        database.copy("two")
    assert len(loaded) == 1


@needs_linux
def test_postgresql_copies_are_apart_and_the_server_ends_with_the_run(tmp_path):
    require(PostgreSQL)
    with Postgres(workspace=tmp_path, core=core(), load=fill_postgresql) as database:
        check_copies(database, postgresql_rows)
        facts = database.facts()
        backend = database.server.execute("SELECT pg_backend_pid()")
        shown = subprocess.run(["taskset", "-cp", str(database.server.pid)], capture_output=True, text=True, check=True)
    assert facts["server_version"]
    assert facts["options"]["autovacuum"] == "off"
    assert backend.isdigit()
    assert shown.stdout.strip().endswith(f": {core()}")
    assert database.server.process is None


@needs_linux
def test_a_distant_database_answers_later_by_the_delay_each_way(tmp_path):
    require(PostgreSQL)
    with DistantPostgres(workspace=tmp_path, core=core(), load=fill_postgresql) as database:
        check_copies(database, postgresql_rows)
        assert round_trip(database.proxy.port) >= 2 * DELAY_MILLISECONDS
        assert set(database.facts()) >= {"round_trip_ms", "direct_round_trip_ms", "server_version"}
