"""PostgreSQL under many requests at a time: the pool bounds them, and nobody sees anybody else's transaction."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.postgresql import PgBouncer, PostgreSQL
from tests.postgres import require
from tests.server.harness import eventually
from tests.server.harness import request as http
from tests.server.ledger import Client, Ledger, get, get_all, said, serving

POOL, THREADS = 5, 4
NUMBERS = itertools.count()
READS = ["/look", "/look-def", "/look-threads", "/accounts/3", "/accounts-def/4"]
ENDS = [
    "rollback",
    "error",
    "database_error",
    "timeout",
    "timeout_inside",
    "cancelled",
    "cancelled_in_query",
    "group",
    "lent",
    "on_thread",
]


@pytest.fixture(scope="module")
def ledger(postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A server with a pool that is smaller than any load here."""
    bolt = {"DB_POOL_SIZE": POOL, "THREADS": THREADS}
    with serving(postgresql, tmp_path_factory.mktemp("ledger"), bolt=bolt) as running:
        yield running


def mixed(choice: random.Random) -> str:
    """Return a target that has to be answered 200 at any time."""
    source, target = choice.sample(range(1, 21), 2)
    return choice.choice(
        [
            f"/accounts/{source}",
            f"/accounts-def/{source}",
            f"/transfer?source={source}&target={target}&amount={choice.randrange(50)}",
            f"/entries?chunk={choice.choice([7, 100, 5000])}&upto={choice.choice([3, 150, 2000])}",
            "/entries-in-transaction",
        ]
    )


# The pool -----------------------------------------------------------------------------------------------------------


async def test_500_requests_at_a_time_over_five_connections(ledger: Ledger) -> None:
    targets = [f"/accounts/{1 + number % 20}?wait=0.005" for number in range(500)]
    answers = await get_all(ledger, *targets)
    assert [answer["id"] for answer in answers] == [1 + number % 20 for number in range(500)]
    assert len({answer["pid"] for answer in answers}) <= POOL
    ledger.assert_clean(connections=POOL + 2 * THREADS)


async def test_300_transactions_at_a_time(ledger: Ledger) -> None:
    choice = random.Random(4)
    pairs = [choice.sample(range(1, 21), 2) for _ in range(300)]
    answers = await get_all(ledger, *(f"/transfer?source={one}&target={two}&amount=3" for one, two in pairs))
    assert answers == [{"inside": True, "after": False}] * 300
    ledger.assert_clean(connections=POOL + 2 * THREADS)


async def test_who_waits_too_long_for_a_connection_is_told_when_to_come_again(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    with serving(postgresql, tmp_path, bolt={"DB_POOL_SIZE": 2, "DB_POOL_TIMEOUT": 0.2}) as ledger:
        ledger.get("/look")
        holding = [asyncio.create_task(get(ledger, f"/sleep/holds-{number}?seconds=1.2")) for number in range(2)]
        await asyncio.to_thread(eventually, lambda: ledger.activity("query LIKE '%holds-%'") == 2)
        started = time.monotonic()
        refused = await asyncio.gather(
            *(get(ledger, target) for target in ["/look", "/transfer?source=1&target=2&amount=1"])
        )
        assert 0.2 <= time.monotonic() - started < 0.8
        for response in refused:
            assert response.status == 503
            assert response.header("retry-after") == "1"
            assert said(response) == {"detail": "no database connection became free in 0.2 s"}
        assert [response.status for response in await asyncio.gather(*holding)] == [200, 200]
        await get_all(ledger, *["/look"] * 20)
        ledger.assert_clean(connections=2)


async def test_a_pool_of_size_0_keeps_nothing(postgresql: PostgreSQL, tmp_path: Path) -> None:
    with serving(postgresql, tmp_path, bolt={"DB_POOL_SIZE": 0}) as ledger:
        choice = random.Random(5)
        await get_all(ledger, *(mixed(choice) for _ in range(40)), *READS)
        ledger.assert_clean(connections=0)


# What others see ----------------------------------------------------------------------------------------------------


class Crowd:
    """Clients that write, leave and read at a time until a moment, and how often they did each of it."""

    def __init__(self, ledger: Ledger, seconds: float) -> None:
        self._ledger = ledger
        self._deadline = time.monotonic() + seconds
        self.seen: Counter[str] = Counter()

    def _goes_on(self) -> bool:
        return time.monotonic() < self._deadline

    async def _ask(self, client: Client, kind: str, target: str) -> None:
        response = await client.get(target)
        assert response.status == 200, (target, response, self._ledger.server.log()[-3000:])
        self.seen[kind] += 1

    async def write(self, number: int) -> None:
        """Leave marks."""
        async with Client(self._ledger.server.port) as client:
            while self._goes_on():
                end = ENDS[number % len(ENDS)]
                number += 1
                await self._ask(client, end, f"/markers/by/{end}/{next(NUMBERS)}")
                await self._ask(client, "def", f"/markers/by-def/{next(NUMBERS)}")

    async def leave(self, number: int) -> None:
        """Have marks left, and do not wait."""
        while self._goes_on():
            async with Client(self._ledger.server.port) as client:
                await client.send(f"/markers/by-leaving/{next(NUMBERS)}?seconds={[0, 60][number % 2]}")
                await asyncio.sleep(0.01 + 0.005 * (number % 7))
            number += 1
            self.seen["leaving"] += 1

    async def read(self, number: int) -> None:
        """Look for marks."""
        choice = random.Random(number)
        async with Client(self._ledger.server.port) as client:
            while self._goes_on():
                await self._ask(client, "reading", choice.choice(READS))
                await self._ask(client, "using", mixed(choice))


async def test_nobody_ever_sees_a_transaction_of_another_request(ledger: Ledger) -> None:
    crowd = Crowd(ledger, seconds=3)
    async with asyncio.timeout(40), asyncio.TaskGroup() as tasks:
        for number in range(20):
            tasks.create_task(crowd.write(number))
        for number in range(4):
            tasks.create_task(crowd.leave(number))
        for number in range(16):
            tasks.create_task(crowd.read(number))
    assert set(crowd.seen) == {*ENDS, "def", "leaving", "reading", "using"}
    ledger.assert_clean(connections=POOL + 2 * THREADS)


@pytest.mark.parametrize("end", [*(f"by/{end}" for end in ENDS), "by-def"])
def test_a_transaction_that_ends_badly_leaves_the_pool_as_it_was(ledger: Ledger, end: str) -> None:
    for _ in range(2 * POOL):
        tag = str(next(NUMBERS))
        ledger.get(f"/markers/{end}/{tag}")
        if end in ("by/rollback", "by/error", "by/timeout_inside", "by/group", "by/lent", "by/database_error"):
            assert ledger.get(f"/markers/marked/{tag}") is True
    ledger.assert_clean(connections=POOL + 2 * THREADS)
    assert ledger.activity("query LIKE '%pg_sleep(60)%' AND state = 'active'") == 0


# Cancellation -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("target", ["/sleep/{}", "/markers/by-leaving/{}"], ids=["outside", "in a transaction"])
def test_the_query_of_a_client_that_left_is_stopped(ledger: Ledger, target: str, reset: bool) -> None:
    # More often than the pool has connections: it would stand still if one were lost.
    for _ in range(POOL + 1):
        tag = f"leaves-{next(NUMBERS)}"
        wire = ledger.server.connect().send(http("GET", target.format(tag)))
        eventually(lambda tag=tag: ledger.activity(f"state = 'active' AND query LIKE '%{tag} %'") == 1)
        wire.close(reset=reset)
        eventually(lambda tag=tag: ledger.activity(f"state = 'active' AND query LIKE '%{tag} %'") == 0, timeout=2)
    ledger.assert_clean(connections=POOL + 2 * THREADS)


def test_a_client_that_leaves_between_two_queries_of_a_transaction(ledger: Ledger) -> None:
    for _ in range(POOL + 1):
        tag = f"leaves-{next(NUMBERS)}"
        wire = ledger.server.connect().send(http("GET", f"/markers/by-leaving/{tag}?seconds=60"))
        eventually(lambda tag=tag: ledger.get(f"/markers/marked/{tag}"))
        assert ledger.activity("state = 'idle in transaction'") == 1
        wire.close()
        eventually(lambda: ledger.activity("state = 'idle in transaction'") == 0, timeout=2)
    ledger.assert_clean(connections=POOL + 2 * THREADS)


async def test_clients_that_leave_while_they_wait_for_a_connection(ledger: Ledger) -> None:
    clients = [Client(ledger.server.port) for _ in range(60)]
    for number, client in enumerate(clients):
        await client.__aenter__()
        await client.send(["/sleep/crowd", "/markers/by-leaving/crowd"][number % 2])
    await asyncio.to_thread(eventually, lambda: ledger.activity("state = 'active'") == POOL)
    for client in clients:
        await client.__aexit__()
    await asyncio.to_thread(eventually, lambda: ledger.activity("state <> 'idle'") == 0)
    await get_all(ledger, *["/accounts/1?wait=0.01"] * 50)
    ledger.assert_clean(connections=POOL + 2 * THREADS)


# Other ways to a database -------------------------------------------------------------------------------------------


async def test_fifty_requests_through_a_pgbouncer_with_two_connections(postgresql: PostgreSQL, tmp_path: Path) -> None:
    require(PgBouncer)
    with (
        PgBouncer(postgresql, default_pool_size="2") as bouncer,
        serving(postgresql, tmp_path, through=bouncer, bolt={"DB_POOL_SIZE": 20, "THREADS": 4}) as ledger,
    ):
        choice = random.Random(6)
        for _ in range(2):
            await get_all(ledger, *(mixed(choice) for _ in range(50)))
            await get_all(ledger, *(f"/markers/by/{choice.choice(ENDS)}/bouncer" for _ in range(20)), *READS)
        answers = await get_all(ledger, *["/entries?chunk=100"] * 50)
        assert [(answer["right"], answer["cursors"]) for answer in answers] == [(True, [0])] * 50
        ledger.assert_clean(connections=2)


async def test_the_size_of_psycopgs_own_pool_is_taken_over(postgresql: PostgreSQL, tmp_path: Path) -> None:
    pool = {"min_size": 1, "max_size": 3}
    with serving(postgresql, tmp_path, OPTIONS={"pool": pool}) as ledger:
        answers = await get_all(ledger, *["/accounts/1?wait=0.02"] * 40)
        assert len({answer["pid"] for answer in answers}) == 3
        assert ledger.get("/modules/psycopg_pool") is False
        ledger.assert_clean(connections=3)
        # Blocking code is Django's own affair.
        await get_all(ledger, *["/look-def", "/look-threads"] * 5)
        ledger.assert_clean(connections=3 + 3)
