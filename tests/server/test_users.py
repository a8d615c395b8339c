"""`request.user` in a real server: the right one, in every kind of handler and under every mode of the bridge."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.postgresql import PostgreSQL
from tests.server.harness import Server, request
from tests.server.test_isolation import read

KINDS = ["plain", "coroutine", "def", "inline", "auser", "current", "group", "permission", "atomic", "beside"]
MODES: dict[str, dict[str, Any]] = {
    "inline": {},
    "one connection": {"DB_POOL_SIZE": 1, "THREADS": 1},
    "thread": {"ORM_BRIDGE": "thread"},
    "no bridge": {"ORM_BRIDGE": False},
}
CONNECTIONS, REQUESTS = 32, 10_000


def start(directory: Path, databases: Any = None, **bolt: Any) -> Server:
    return Server(directory, "127.0.0.1:0", databases=databases, PROJECT_BOLT=json.dumps(bolt)).migrate()


def make_users(server: Server) -> list[int]:
    answer = server.ask(request("POST", "/users/users", "Content-Length: 0"))
    assert answer is not None
    assert answer.status == 200
    return json.loads(answer.body)  # type: ignore[no-any-return]


def sent(user: int) -> tuple[str, str]:
    return f"X-Sub: {user}", f"X-Sub-Again: {user}"


def expected(kind: str, users: list[int], user: int) -> list[Any]:
    number = users.index(user)
    return [str(user), f"user-{number}", "changed" if kind == "atomic" else f"{number}@example.org"]


@pytest.fixture(scope="module", params=MODES)
def served(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, list[int]]]:
    with start(tmp_path_factory.mktemp("server"), **MODES[request.param]) as server:
        yield server, make_users(server)
        server.assert_well()


def check(server: Server, users: list[int], kind: str) -> None:
    for user in users[:3]:
        answer = server.get(f"/users/{kind}", *sent(user))
        assert (answer.status, json.loads(answer.body)) == (200, expected(kind, users, user)), server.log()[-3000:]


@pytest.mark.parametrize("kind", KINDS)
def test_the_user_is_there_in_every_kind_of_handler(served: tuple[Server, list[int]], kind: str) -> None:
    mode = json.loads(served[0].environment["PROJECT_BOLT"]).get("ORM_BRIDGE", "inline")
    if kind == "atomic" and mode != "inline":
        pytest.skip("a transaction that a thread holds is not the loop's")
    check(*served, kind)


@pytest.fixture(scope="module")
def on_postgresql(
    postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, list[int]]]:
    databases = {"default": postgresql.settings(postgresql.create_database("users"))}
    with start(tmp_path_factory.mktemp("server"), databases, DB_POOL_SIZE=3, THREADS=2) as server:
        yield server, make_users(server)
        server.assert_well()


@pytest.mark.parametrize("kind", KINDS)
def test_on_postgresql(on_postgresql: tuple[Server, list[int]], kind: str) -> None:
    check(*on_postgresql, kind)


async def ask_all(server: Server, users: list[int], kinds: list[str], requests: int) -> None:
    """Ask over many connections at once, each request as another user, and check whom each answer is about."""

    async def one_connection(number: int) -> None:
        choice = random.Random(number)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for _ in range(requests // CONNECTIONS + 1):
            kind, user = choice.choice(kinds), choice.choice([*users, None])
            writer.write(request("GET", f"/users/{kind}", *(sent(user) if user else ())))
            status, body = await read(reader)
            if user is None:
                assert status == 401 or (status, json.loads(body)) == (200, [None, "", None]), (kind, status, body)
            else:
                assert (status, json.loads(body)) == (200, expected(kind, users, user)), kind
        writer.close()
        await writer.wait_closed()

    async with asyncio.timeout(58):
        await asyncio.gather(*(one_connection(number) for number in range(CONNECTIONS)))


async def test_ten_thousand_interleaved_requests_never_see_anothers_user(tmp_path: Path) -> None:
    with start(tmp_path) as server:
        users = make_users(server)
        kinds = ["group", "permission", "current", *["coroutine", "plain", "inline"] * 3]
        await ask_all(server, users, kinds, REQUESTS)
        server.assert_well()


async def test_nor_on_postgresql_whose_pool_is_smaller_than_the_load(
    on_postgresql: tuple[Server, list[int]],
) -> None:
    server, users = on_postgresql
    await ask_all(server, users, [kind for kind in KINDS if kind not in ("atomic", "beside")], 1500)
    # The pool, the threads, and at most one that was borrowed beside them.
    assert int(server.get("/users/connections").body) <= 3 + 2 * 2 + 1
