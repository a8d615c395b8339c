"""PostgreSQL goes away and comes back: errors inside the gap only, and nothing is lost, kept or mixed up by it."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Literal

import pytest

from scripts.postgresql import PostgreSQL
from tests.server.harness import Response, eventually
from tests.server.ledger import Client, Ledger, said, serving

POOL, THREADS = 5, 4
CLIENTS = 24
RECOVERY = 1.0
"""Seconds after the server accepts connections again in which requests may still fail."""


@dataclass
class Seen:
    """One request of the load."""

    target: str
    started: float
    ended: float
    response: Response


def targets(number: int) -> list[str]:
    """Return what a client asks again and again."""
    source, target = random.Random(number).sample(range(1, 21), 2)
    transfer = f"/transfer?source={source}&target={target}&amount=1"
    plain = [f"/accounts/{source}", f"/accounts-def/{target}", "/look", "/look-threads"]
    return [*plain, transfer, "/entries?chunk=50&upto=300", "/markers/by/error/restart", "/markers/by/lent/restart"]


async def load(ledger: Ledger, until: asyncio.Event) -> list[Seen]:
    """Ask with many clients at a time until told to stop."""
    seen: list[Seen] = []

    async def ask(number: int) -> None:
        mine = targets(number)
        async with Client(ledger.server.port) as client:
            while not until.is_set():
                number += 1
                target = mine[number % len(mine)]
                started = time.monotonic()
                response = await client.get(target)
                seen.append(Seen(target, started, time.monotonic(), response))

    async with asyncio.TaskGroup() as tasks:
        for number in range(CLIENTS):
            tasks.create_task(ask(number))
    return seen


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_restart_under_load(postgresql: PostgreSQL, tmp_path: Path, mode: Literal["fast", "immediate"]) -> None:
    with serving(postgresql, tmp_path, bolt={"DB_POOL_SIZE": POOL, "THREADS": THREADS}) as ledger:
        stop = asyncio.Event()
        running = asyncio.create_task(load(ledger, stop))
        await asyncio.sleep(0.5)
        down = time.monotonic()
        await asyncio.to_thread(postgresql.restart, mode, pause=0.3)
        up = time.monotonic()
        await asyncio.sleep(RECOVERY + 0.5)
        stop.set()
        seen = await asyncio.wait_for(running, 20)

        failed = [one for one in seen if one.response.status != 200]
        assert failed, "the restart was not noticed"
        for one in failed:
            assert one.response.status in (500, 503), (one, ledger.server.log()[-3000:])
            said(one.response)
            assert one.ended >= down, one
            assert one.started <= up + RECOVERY, (one, up)
        assert any(one.ended < down for one in seen)
        assert sum(one.started > up + RECOVERY for one in seen) > CLIENTS
        ledger.assert_clean(connections=POOL + 2 * THREADS)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_idle_connections_are_made_anew_without_a_failed_request(
    postgresql: PostgreSQL, tmp_path: Path, mode: Literal["fast", "immediate"]
) -> None:
    with serving(postgresql, tmp_path, bolt={"DB_POOL_SIZE": 1, "THREADS": 2}) as ledger:
        before = ledger.get("/look")
        postgresql.restart(mode)
        with ledger.server.log_of() as written:
            assert ledger.get("/look") != before
        assert written() == ""
        ledger.assert_clean(connections=3)


@pytest.mark.parametrize("target", ["/look", "/look-def", "/look-threads"])
def test_a_health_check_finds_what_nobody_watches(postgresql: PostgreSQL, tmp_path: Path, target: str) -> None:
    entry = {"CONN_HEALTH_CHECKS": True, "CONN_MAX_AGE": 600}
    with serving(postgresql, tmp_path, bolt={"DB_POOL_SIZE": 1, "THREADS": 1}, **entry) as ledger:
        before = ledger.get(target)
        assert ledger.get(target) == before
        postgresql.restart("fast")
        with ledger.server.log_of() as written:
            assert ledger.get(target) != before
        assert written() == ""


def test_a_server_that_starts_before_its_database(postgresql: PostgreSQL, tmp_path: Path) -> None:
    targets = ("/look", "/look-def", "/transfer?source=1&target=2&amount=5", "/entries")
    with serving(postgresql, tmp_path) as ledger:
        ledger.server.end()
        restart = Thread(target=postgresql.restart, args=("fast",), kwargs={"pause": 2.5})
        restart.start()
        eventually(lambda: postgresql.process is None)
        with ledger.server:
            for target in targets:
                ledger.get(target, status=500)
            ledger.server.assert_well()
            restart.join()
            for target in targets:
                ledger.get(target)
            ledger.assert_clean(connections=len(targets))
        ledger.server.__enter__()
