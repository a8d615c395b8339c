"""A PostgreSQL connection while nobody uses it: its age, its end, its notices, and a fork."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.postgresql import PostgreSQL
from tests.server.harness import eventually
from tests.server.ledger import Ledger, get, get_all, said, serving


@pytest.fixture(scope="module")
def ledger(postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A server with one connection in its pool and one thread."""
    with serving(postgresql, tmp_path_factory.mktemp("ledger"), bolt={"DB_POOL_SIZE": 1, "THREADS": 1}) as running:
        yield running


def terminate(ledger: Ledger) -> None:
    """End every connection to the ledger and return when they are gone; there may be new ones by then."""
    ended = ledger.postgresql.execute(
        f"SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{ledger.name}'"
    )
    gone = f"pid IN ({','.join(line.split('|')[0] for line in ended.splitlines())})"
    eventually(lambda: ledger.activity(gone) == 0)


def test_connections_are_kept_by_default(ledger: Ledger) -> None:
    assert len({ledger.get("/look") for _ in range(10)}) == 1
    assert len({ledger.get("/look-def") for _ in range(10)}) == 1
    ledger.assert_clean(connections=2)


def test_a_connection_that_is_ended_while_idle_is_made_anew(ledger: Ledger) -> None:
    pids = set()
    with ledger.server.log_of() as written:
        for _ in range(10):
            pids.add(ledger.get("/look"))
            terminate(ledger)
        pids.add(ledger.get("/look"))
    assert len(pids) == 11
    assert written() == ""


def test_a_thread_does_without_a_connection_that_is_ended_while_idle(ledger: Ledger) -> None:
    pids = set()
    for _ in range(5):
        pids.add(ledger.get("/look-def"))
        terminate(ledger)
    assert len(pids) == 5


async def test_a_connection_that_is_ended_in_a_query_is_given_up(ledger: Ledger) -> None:
    ledger.get("/look")
    for target in ("/sleep/ended?seconds=20", "/markers/by-leaving/ended"):
        asked = asyncio.create_task(get(ledger, target))
        await asyncio.to_thread(eventually, lambda: ledger.activity("query LIKE '%pg_sleep%'") == 1)
        await asyncio.to_thread(terminate, ledger)
        response = await asked
        assert response.status == 500
        said(response)
        await get_all(ledger, "/look", "/accounts/1")
    ledger.assert_clean(connections=2)


def test_notices_to_an_idle_connection_do_not_keep_the_process_busy(ledger: Ledger) -> None:
    listening = ledger.get("/connections/listen")
    ledger.ask(";".join(f"NOTIFY ledger, '{number}'" for number in range(50)))
    assert ledger.get("/connections/cpu?seconds=1") < 0.15
    assert ledger.get("/look") == listening
    terminate(ledger)
    assert ledger.get("/connections/cpu?seconds=1") < 0.15
    assert ledger.get("/look") != listening


def test_a_setting_that_changes_on_the_server_does_not_keep_the_process_busy(ledger: Ledger) -> None:
    before = ledger.get("/look")
    try:
        ledger.postgresql.execute("ALTER SYSTEM SET application_name = 'changed'")
        ledger.postgresql.execute("SELECT pg_reload_conf()")
        assert ledger.get("/connections/cpu?seconds=1") < 0.15
        assert ledger.get("/look") == before
    finally:
        ledger.postgresql.execute("ALTER SYSTEM RESET application_name")
        ledger.postgresql.execute("SELECT pg_reload_conf()")


@pytest.mark.parametrize("way", ["fork", "multiprocessing"])
def test_a_forked_process_does_not_touch_the_connection(ledger: Ledger, way: str) -> None:
    assert ledger.get(f"/connections/fork/{way}") == {"exits": [0, 0], "same": True, "count": 1}
    assert ledger.get(f"/connections/fork/{way}") == {"exits": [0, 0], "same": True, "count": 1}
    ledger.assert_clean(connections=2)


def test_a_process_forked_from_a_thread_leaves_its_connection_alone(ledger: Ledger) -> None:
    assert ledger.get("/connections/fork-def") == {"exits": [0], "same": True}


@pytest.mark.parametrize("target", ["/look", "/look-def"])
def test_a_connection_has_a_maximum_age(postgresql: PostgreSQL, tmp_path: Path, target: str) -> None:
    bolt = {"DB_POOL_SIZE": 1, "THREADS": 1}
    with serving(postgresql, tmp_path, bolt=bolt, CONN_MAX_AGE=1) as ledger:
        first = ledger.get(target)
        assert ledger.get(target) == first
        time.sleep(1.1)
        # What is asked first may still find it; nobody after that.
        ledger.get(target)
        eventually(lambda: ledger.activity(f"pid = {first}") == 0, timeout=1)
        assert ledger.get(target) != first
