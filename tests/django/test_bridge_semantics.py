"""What transactions, tasks and iterations do in handlers: the same in the test clients and in a real server."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from django_bolt import BoltAPI
from django_bolt.testing import AsyncTestClient, TestClient
from tests.server.harness import Server, eventually, request
from tests.server.project.mysite.transactions import make_router
from tests.testapp.models import Item

api = BoltAPI()
api.include_router(make_router(Item))

DURABLE = "A durable atomic block cannot be nested within another atomic block."
OUTLIVED = "InterfaceError: an iteration outlived the transaction that it was begun in"
TWELVE = [str(number) for number in range(12)]

SCENARIOS: dict[str, tuple[Any, list[str]]] = {
    "nested": (None, ["a", "b"]),
    "rollback": (500, []),
    "committed": (["end of block", "outer", "inner"], ["a"]),
    "not-committed": ([], []),
    "durable": ([DURABLE], ["a"]),
    "set-rollback": (None, []),
    "in-atomic-block": ([False, True, False], []),
    "decorator": (None, ["a"]),
    "dependency": ([True, True], ["a"]),
    "failing-dependency": (500, []),
    "timeout": (["timed out"], []),
    "gather-inside": (5, ["a"] * 5),
    "gather-blocks": (["a", "LookupError", "b"], ["a", "a", "b", "b"]),
    "outliving": (False, ["later"]),
    "sync-to-async-inside": ([[True, ["a"]], [False, []]], []),
    "sync-to-async-outside": ([1, [False, ["a"]]], ["a"]),
    "sync-atomic": ([True, ["a"]], ["a"]),
    "there-and-back": ([1, 1], ["a"]),
    "receiver": ([[1, False], [2, False], [3, True]], ["a", "b", "c"]),
    "iteration": ([12] * 12, TWELVE),
    "left": (13, [*TWELVE, "after"]),
    "interleaved": ([True] * 12, TWELVE),
    "atomic-in-body": (None, ["3!" if name == "3" else name for name in TWELVE]),
    "left-open": ([OUTLIVED], TWELVE),
    "def": (True, ["a"]),
}
"""What each answers (its JSON, or the status of a failure), and the rows that are there afterwards."""

Ask = Callable[[str, str], tuple[int, Any]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The project with two connections, so that one that is not given back is missed."""
    directory = tmp_path_factory.mktemp("server")
    bolt = json.dumps({"DB_POOL_SIZE": 2, "DB_POOL_TIMEOUT": 2})
    with Server(directory, "127.0.0.1:0", PROJECT_BOLT=bolt).migrate() as running:
        yield running
        running.assert_well()


def ask_server(server: Server) -> Ask:
    """Return what asks a server that has no rows."""

    def ask(method: str, path: str) -> tuple[int, Any]:
        answer = server.ask(request(method, "/transactions" + path, "Content-Length: 0"))
        assert answer is not None
        return answer.status, json.loads(answer.body) if answer.body else None

    ask("DELETE", "")
    return ask


def ask_client(client: TestClient) -> Ask:
    def ask(method: str, path: str) -> tuple[int, Any]:
        answer = client.request(method, "/transactions" + path)
        return answer.status_code, answer.json() if answer.content else None

    return ask


def check(ask: Ask, name: str) -> None:
    answer, rows = SCENARIOS[name]
    # Twice: nothing of the first is left, neither rows nor a connection that was not given back.
    for _ in range(2):
        status, found = ask("POST", f"/{name}")
        assert (status if status == 500 else found) == answer
        # What a dependency does behind its `yield` may come behind the answer.
        eventually(lambda: ask("GET", "")[1] == rows)
        assert ask("DELETE", "")[0] == 200


def test_every_scenario_is_checked() -> None:
    paths = {route.path.rpartition("/")[2] for _, route in api.compile()} - {"transactions", "slow"}
    assert paths == set(SCENARIOS)


@pytest.mark.parametrize("name", SCENARIOS)
def test_in_a_server(server: Server, name: str) -> None:
    check(ask_server(server), name)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", SCENARIOS)
def test_in_a_test_client(name: str) -> None:
    with TestClient(api, raise_server_exceptions=False) as client:
        check(ask_client(client), name)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", SCENARIOS)
async def test_in_an_async_test_client(name: str) -> None:
    answer, rows = SCENARIOS[name]
    async with AsyncTestClient(api, raise_server_exceptions=False) as client:
        response = await client.post(f"/transactions/{name}")
        assert (500 if response.status_code == 500 else response.json()) == answer
        assert (await client.get("/transactions")).json() == rows


INSIDE_A_TEST_S_TRANSACTION = sorted(
    # `TestCase` is a transaction itself: nothing is committed, and there is always a block around.
    set(SCENARIOS) - {"committed", "in-atomic-block", "outliving", "sync-to-async-inside", "sync-to-async-outside"}
    - {"receiver"}
)  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("name", INSIDE_A_TEST_S_TRANSACTION)
def test_inside_a_test_s_own_transaction(name: str) -> None:
    with TestClient(api, raise_server_exceptions=False) as client:
        check(ask_client(client), name)


@pytest.mark.parametrize("reset", [False, True])
def test_a_client_that_leaves_inside_a_transaction(server: Server, reset: bool) -> None:
    ask = ask_server(server)
    for _ in range(5):
        wire = server.connect().send(request("POST", "/transactions/slow", "Content-Length: 0"))
        # Whoever else begins stands in line behind it.
        eventually(lambda: journal(server))
        wire.close(reset=reset)
        assert ask("POST", "/gather-inside") == (200, 5)
        assert ask("DELETE", "")[0] == 200
    assert ask("GET", "") == (200, [])


def journal(server: Server) -> bool:
    """Return whether a write transaction is open."""
    return os.path.exists(f"{server.database}-journal")
