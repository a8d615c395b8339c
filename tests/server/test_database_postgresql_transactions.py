"""Transactions and iterations on PostgreSQL, whether queries run on the loop or on threads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.postgresql import PostgreSQL
from tests.server.ledger import Ledger, get_all, serving

POOL, THREADS = 4, 8
OVERLAPPING = pytest.approx(0.3, abs=0.2)
ONE_BY_ONE = pytest.approx(0.65, abs=0.2)

ANSWERS: dict[str, Any] = {
    "on_commit": ["end of the block", "outer", "inner", False],
    "on_commit_robust": [["called"], ["kept"]],
    "durable": [
        ["outermost", "A durable atomic block cannot be nested within another atomic block."],
        ["kept"],
    ],
    "savepoints": ["a", "d"],
    "no_savepoint": [True, []],
    "gathered_blocks": [
        ["NoneType", "ValueError"] * 4,
        [f"{number} {half}" for number in (0, 2, 4, 6) for half in ("first", "second")],
    ],
    "thread_in_block": [
        True,
        3,
        True,
        ["by the coroutine", "by the thread", "by the thread, in a savepoint"],
        [],
    ],
    "task_that_outlives_the_block": [False, ["later"]],
    "task_beside_the_block": [0, 0, False],
}


@pytest.fixture(scope="module", params=["greenlet", "thread"])
def mode(request: pytest.FixtureRequest) -> str:
    """How the ORM's calls run."""
    return request.param


@pytest.fixture(scope="module")
def ledger(mode: str, postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A server in which they run that way."""
    bolt = {"ORM_BRIDGE": mode, "DB_POOL_SIZE": POOL, "THREADS": THREADS}
    with serving(postgresql, tmp_path_factory.mktemp("ledger"), bolt=bolt) as running:
        yield running


@pytest.mark.parametrize("question", ANSWERS)
def test_the_answer_is_djangos(ledger: Ledger, question: str) -> None:
    for _ in range(2):
        assert ledger.get(f"/transactions/ask/{question}") == {"answer": ANSWERS[question]}
    ledger.assert_clean(connections=POOL + 2 * THREADS)


def test_queries_at_a_time_overlap_outside_a_transaction_and_take_turns_inside(ledger: Ledger) -> None:
    outside, inside = ledger.get("/transactions/ask/times")["answer"]
    assert outside == OVERLAPPING
    assert inside == ONE_BY_ONE


@pytest.mark.parametrize("chunk", [1, 7, 100, 2000, 5000])
def test_an_iteration_has_one_connection_and_a_cursor_on_the_server(ledger: Ledger, chunk: int) -> None:
    upto = 25 if chunk == 1 else 2000
    seen = ledger.get(f"/entries?chunk={chunk}&upto={upto}")
    assert seen["right"]
    assert len(set(seen["pids"][1:])) == 1
    # What was read to its end with the first chunk needs none any more.
    assert seen["cursors"] == [chunk <= 2000]
    ledger.assert_clean(connections=POOL + 2 * THREADS)


async def test_iterations_that_are_left_in_the_middle(ledger: Ledger) -> None:
    seen = await get_all(ledger, *["/entries?chunk=10&upto=25"] * 30)
    assert all(answer["right"] for answer in seen)
    # Each of these fails if it meets a cursor.
    await get_all(ledger, *["/look"] * 30)
    ledger.assert_clean(connections=POOL + 2 * THREADS)


async def test_iterations_inside_a_transaction_with_changes_between_the_rows(ledger: Ledger) -> None:
    seen = await get_all(ledger, *["/entries-in-transaction"] * 12)
    assert seen == [{"total": 6 * sum(range(1901, 1951)), "changed": 6, "after": 0}] * 12
    ledger.assert_clean(connections=POOL + 2 * THREADS)


@pytest.mark.parametrize(
    "end", ["rollback", "error", "database_error", "timeout_inside", "cancelled", "group", "lent", "on_thread"]
)
async def test_transactions_that_end_badly(ledger: Ledger, end: str) -> None:
    await get_all(ledger, *(f"/markers/by/{end}/{number}" for number in range(25)))
    ledger.assert_clean(connections=POOL + 2 * THREADS)


@pytest.mark.parametrize("size", [1, 3])
async def test_threads_and_connections_are_not_waited_for_in_a_circle(
    mode: str, postgresql: PostgreSQL, tmp_path: Path, size: int
) -> None:
    bolt = {"ORM_BRIDGE": mode, "DB_POOL_SIZE": size, "THREADS": size, "DB_POOL_TIMEOUT": 5}
    with serving(postgresql, tmp_path, bolt=bolt) as ledger:
        targets = ["/transactions/thread-then-pool", "/transactions/pool-then-thread", "/markers/by/lent/circle"]
        started = time.monotonic()
        await get_all(ledger, *targets * 6)
        assert time.monotonic() - started < 4


def test_a_thread_that_waits_too_long_for_its_turn(postgresql: PostgreSQL, tmp_path: Path) -> None:
    with serving(postgresql, tmp_path, bolt={"DB_POOL_TIMEOUT": 0.2}) as ledger:
        refused = ledger.get("/transactions/thread-waits-for-turn?seconds=1", status=503)
        assert refused["detail"].startswith("waited 0.2 s for the connection of a transaction")
        ledger.assert_clean(connections=2)


@pytest.mark.parametrize("target", ["/transactions/under-atomic-requests", "/transactions/under-atomic-requests-def"])
def test_every_request_in_a_transaction(mode: str, postgresql: PostgreSQL, tmp_path: object, target: str) -> None:
    with serving(postgresql, tmp_path, bolt={"ORM_BRIDGE": mode}, ATOMIC_REQUESTS=True) as ledger:  # type: ignore[arg-type]
        assert ledger.get(f"{target}/kept") is True
        assert ledger.get(f"{target}/dropped?fail=true", status=422) == {"detail": "after the write"}
        assert ledger.ask("SELECT string_agg(tag, ',') FROM ledger_marker") == "kept"
        assert ledger.get("/transactions/locked") == [{"id": 1}]
        assert ledger.get("/transactions/spared") is False
        assert ledger.activity("state <> 'idle'") == 0


def test_threads_have_connections_of_their_own(ledger: Ledger, mode: str) -> None:
    seen = ledger.get("/connections/threads")
    if mode == "greenlet":
        assert seen["pool"] not in (seen["thread"], ledger.get("/connections/threads-def"))
    assert seen["thread"] == seen["thread again"]
