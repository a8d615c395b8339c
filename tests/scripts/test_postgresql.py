"""scripts/postgresql.py starts servers that take connections, survive restarts and leave nothing behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from scripts import postgresql as module
from scripts.postgresql import PgBouncer, PostgreSQL, ServiceFailed
from tests.postgres import require

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def server() -> Iterator[PostgreSQL]:
    """A server of the test's own, which it may stop."""
    require(PostgreSQL)
    with PostgreSQL() as running:
        yield running


def processes_in(directory: Path) -> list[str]:
    """Return the command lines of all processes that work below `directory`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if directory in [(here := Path(os.readlink(entry / "cwd"))), *here.parents]:
                    found.append((entry / "cmdline").read_text())
            except OSError:
                continue
    return found


def test_start_restart_stop(server: PostgreSQL) -> None:
    name = server.create_database("shop and more")
    with psycopg.connect(server.dsn(name)) as connection:
        connection.execute("CREATE TABLE item (id int)")
        connection.execute("INSERT INTO item VALUES (7)")
        connection.commit()
        for mode in ("fast", "immediate"):
            pid = server.pid
            server.restart(mode)
            assert server.pid != pid
            assert server.execute("SELECT id FROM item", database=name) == "7"
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    directory = server.directory
    assert processes_in(directory)
    server.stop()
    assert processes_in(directory) == []
    assert not directory.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((module.HOST, server.port), timeout=1)
    server.stop()


def test_only_who_knows_the_password_gets_in(postgresql: PostgreSQL) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgresql.dsn().replace(postgresql.password, "wrong"))
    assert postgresql.directory.stat().st_mode & 0o077 == 0


def test_a_database_goes_whoever_uses_it(postgresql: PostgreSQL) -> None:
    name = postgresql.create_database("to_be_dropped")
    with psycopg.connect(postgresql.dsn(name)):
        postgresql.drop_database(name)
    postgresql.drop_database(name)
    assert postgresql.execute(f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == "0"


def test_what_the_server_refuses_is_told(postgresql: PostgreSQL) -> None:
    with pytest.raises(ServiceFailed, match='relation "nowhere" does not exist'):
        postgresql.execute("SELECT * FROM nowhere")


def test_a_server_that_does_not_start_says_why_and_leaves_nothing() -> None:
    require(PostgreSQL)
    server = PostgreSQL(max_connections="none")
    with pytest.raises(ServiceFailed, match='invalid value for parameter "max_connections"'):
        server.start()
    assert not server.directory.exists()


def test_what_is_not_stopped_ends_with_python() -> None:
    require(PostgreSQL)
    program = "from scripts.postgresql import PostgreSQL; print(PostgreSQL().start().directory)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    directory = Path(done.stdout.strip())
    assert directory.name.startswith("bolt-")
    assert not directory.exists()
    assert processes_in(directory) == []


def test_a_forked_process_stops_nothing() -> None:
    require(PostgreSQL)
    # Written in a process without threads of pytest's, so that forking it is safe.
    program = (
        "import os; from scripts.postgresql import PostgreSQL\n"
        "with PostgreSQL() as server:\n"
        "    if (pid := os.fork()) == 0:\n"
        "        raise SystemExit\n"
        "    os.waitpid(pid, 0)\n"
        "    print(server.execute('SELECT 42'))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "42\n"


def test_pgbouncer_shares_one_server_connection_between_transactions(
    postgresql: PostgreSQL, pgbouncer: PgBouncer, make_database: Callable[[], str]
) -> None:
    name = make_database()
    with psycopg.connect(pgbouncer.dsn(name)) as first, psycopg.connect(pgbouncer.dsn(name)) as second:
        used = []
        for connection in (first, second, first):
            row = connection.execute("SELECT pg_backend_pid()").fetchone()
            assert row is not None
            used.append(row[0])
            connection.commit()
    assert len(set(used)) == 1
    count = postgresql.execute(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'")
    assert count == "1"


def test_django_settings_name_the_port_they_stand_for(postgresql: PostgreSQL, pgbouncer: PgBouncer) -> None:
    direct, pooled = postgresql.settings("shop", CONN_MAX_AGE=5), pgbouncer.settings("shop")
    assert (direct["NAME"], direct["PORT"], direct["CONN_MAX_AGE"]) == ("shop", str(postgresql.port), 5)
    assert (pooled["PORT"], pooled["DISABLE_SERVER_SIDE_CURSORS"]) == (str(pgbouncer.port), True)


def test_the_newest_version_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("9.6", "17", "8"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "initdb").touch()
    monkeypatch.setattr(module, "VERSIONS", tmp_path)
    assert module.postgresql_binaries() == tmp_path / "17" / "bin"


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "VERSIONS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "initdb" in PostgreSQL.unavailable()
    with pytest.raises(ServiceFailed, match="initdb"):
        PostgreSQL().start()


@pytest.mark.parametrize(("required", "outcome"), [("0", pytest.skip.Exception), ("1", pytest.fail.Exception)])
def test_a_missing_service_skips_or_fails(
    required: str, outcome: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "VERSIONS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("BOLT_REQUIRE_SERVICES", required)
    with pytest.raises(outcome, match="PostgreSQL is not installed"):
        require(PostgreSQL)
