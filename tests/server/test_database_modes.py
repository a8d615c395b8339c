"""The settings of the ORM's bridge in a real server: each mode serves the same data, each limit its answer."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.django.test_bridge_semantics import SCENARIOS, ask_server, check
from tests.server.harness import Response, Server, eventually, request

ROUTER = json.dumps(["mysite.databases.FromReplica"])

# Asks more of asgiref's threads than Django's own transactions give there: blocks that overlap, and a transaction
# that is asked from the loop.
BRIDGE_ONLY = {
    "committed", "dependency", "gather-blocks", "in-atomic-block", "left-open", "not-committed", "set-rollback",
    "sync-to-async-inside",
}  # fmt: skip


def start(directory: Path, *, databases: dict[str, Any] | None = None, routers: str = "[]", **bolt: Any) -> Server:
    """Return a server; `databases` are the settings of each alias, a file of its own."""
    directory.mkdir(exist_ok=True)
    given = {
        alias: {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(directory / f"{alias}.sqlite3"),
            "OPTIONS": {"init_command": "PRAGMA synchronous=OFF"},
            **settings,
        }
        for alias, settings in (databases or {"default": {}}).items()
    }
    prepared = Server(directory, "127.0.0.1:0", databases=given, PROJECT_BOLT=json.dumps(bolt), PROJECT_ROUTERS=routers)
    return prepared.migrate()


def ask(server: Server, path: str, *, method: str = "GET") -> Response:
    answer = server.ask(request(method, "/databases" + path, "Content-Length: 0"))
    assert answer is not None
    return answer


def asked(server: Server, path: str) -> Any:
    answer = ask(server, path)
    assert answer.status == 200
    return json.loads(answer.body)


def post(server: Server, *paths: str) -> None:
    for path in paths:
        assert ask(server, path, method="POST").status == 200, path


# Modes ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def threaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start(tmp_path_factory.mktemp("server"), ORM_BRIDGE="thread", DB_POOL_TIMEOUT=2) as server:
        yield server
        server.assert_well()


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_on_threads(threaded: Server, name: str) -> None:
    check(ask_server(threaded), name)


def test_on_threads_means_on_threads(threaded: Server) -> None:
    assert asked(threaded, "/where") == ["bolt"]


@pytest.fixture(scope="module")
def unbridged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start(tmp_path_factory.mktemp("server"), ORM_BRIDGE=False) as server:
        yield server
        server.assert_well()


@pytest.mark.parametrize("name", sorted(set(SCENARIOS) - BRIDGE_ONLY))
def test_without_a_bridge_asgiref_s_threads_serve(unbridged: Server, name: str) -> None:
    check(ask_server(unbridged), name)


def test_without_a_bridge_calls_are_the_request_s_thread_s(unbridged: Server) -> None:
    assert asked(unbridged, "/where") == ["bolt"]


@pytest.mark.parametrize(
    "modes",
    [None, {"default": "inline", "replica": "thread"}, {"default": "thread", "replica": "inline"}, "thread", False],
    ids=str,
)
def test_two_databases_and_a_router(tmp_path: Path, modes: Any) -> None:
    with start(
        tmp_path / "server", databases={"default": {}, "replica": {}}, routers=ROUTER, ORM_BRIDGE=modes
    ) as server:
        post(server, "/write/a", "/write-def/b", "/atomic/c", "/rolled-back/lost")
        assert asked(server, "/routed") == []
        post(server, "/atomic/d?using=replica", "/rolled-back/lost?using=replica")
        assert asked(server, "/names") == ["a", "b", "c"]
        assert asked(server, "/names?using=replica") == ["d"]
        assert asked(server, "/routed") == ["d"]
        # They are two files.
        for alias, rows in (("default", 3), ("replica", 1)):
            with contextlib.closing(sqlite3.connect(server.databases[alias]["NAME"])) as connection:
                assert connection.execute("SELECT COUNT(*) FROM shop_item").fetchone() == (rows,)
        server.assert_well()


# Connections ------------------------------------------------------------------------------------


def connections(server: Server) -> int:
    """Return how many descriptors of the database file the server has open."""
    name = str(server.databases["default"]["NAME"]) if server.databases else ""
    links = Path(f"/proc/{server.worker}/fd").iterdir()
    found = 0
    for link in links:
        with contextlib.suppress(OSError):
            found += str(link.readlink()) == name
    return found


def many(server: Server, path: str, *, times: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(server.connect()) for _ in range(times)]
        for wire in wires:
            wire.send(request("POST", f"/databases{path}", "Content-Length: 0"))
        return [wire.answer().status for wire in wires]


@pytest.mark.parametrize(("size", "left"), [(0, 0), (3, 3)])
def test_as_many_connections_are_kept_as_are_asked_for(tmp_path: Path, size: int, left: int) -> None:
    with start(tmp_path / "server", DB_POOL_SIZE=size) as server:
        assert set(many(server, "/atomic/a?seconds=0.01", times=20)) == {200}
        post(server, "/write-def/b")
        assert len(asked(server, "/names")) == 21
        # A thread keeps one as well.
        eventually(lambda: connections(server) <= left + bool(left))
        assert connections(server) >= bool(left)


def test_nobody_waits_longer_than_the_timeout(tmp_path: Path) -> None:
    with start(tmp_path / "server", DB_POOL_SIZE=1, DB_POOL_TIMEOUT=0.2) as server:
        post(server, "/write/a")
        with server.connect() as holder:
            holder.send(request("POST", "/databases/atomic/held?seconds=1", "Content-Length: 0"))
            time.sleep(0.1)
            for path, method in (("/names", "GET"), ("/write/never", "POST"), ("/atomic/never", "POST")):
                started = time.monotonic()
                refused = ask(server, path, method=method)
                assert 0.2 <= time.monotonic() - started < 1
                assert refused.status == 503
                assert refused.header("retry-after") == "1"
                assert refused.header("content-type") == "application/json"
                assert list(json.loads(refused.body)) == ["detail"]
            assert holder.answer().status == 200
        assert asked(server, "/names") == ["a", "held"]


def test_a_connection_older_than_conn_max_age_is_closed(tmp_path: Path) -> None:
    with start(tmp_path / "server", databases={"default": {"CONN_MAX_AGE": 1}}) as server:
        assert asked(server, "/state")[1:] == [True, False]
        assert connections(server) == 1
        time.sleep(1.1)
        # It is looked at when it is given back.
        asked(server, "/state")
        assert connections(server) == 0
        assert asked(server, "/names") == []


def test_a_transaction_that_raw_code_left_open_is_seen_by_nobody(tmp_path: Path) -> None:
    for mode in (None, "thread"):
        with start(tmp_path / str(mode), DB_POOL_SIZE=1, ORM_BRIDGE=mode) as server:
            for _ in range(3):
                post(server, "/forget")
                assert asked(server, "/state")[1:] == [True, False]
                assert asked(server, "/names") == []
            # Nor is the file locked.
            with contextlib.closing(sqlite3.connect(server.databases["default"]["NAME"], timeout=0)) as other:
                other.execute("DELETE FROM shop_item")
                other.commit()
            post(server, "/atomic/a")
            assert asked(server, "/names") == ["a"]
