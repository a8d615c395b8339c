"""Requests never see each other: path parameters, context variables, language, database connection, transaction."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.server.harness import Server, request

CONNECTIONS = 64
REQUESTS = 10_000
LANGUAGES = ["de", "fr", "ja", "pt-br", "ar"]
NUMBERS = itertools.count()


Plan = Callable[[random.Random], tuple[str, Callable[[Any], None]]]
"""Makes a target and what its answer has to be."""


async def ask_all(server: Server, plan: Plan, *, requests: int, connections: int = CONNECTIONS) -> None:
    """Send `requests` requests over `connections` connections at once, and check each answer."""

    async def one_connection(number: int) -> None:
        choice = random.Random(number)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for _ in range(requests // connections + 1):
            target, check = plan(choice)
            writer.write(request("GET", target))
            status, body = await read(reader)
            assert status == 200, (target, status, body[:500])
            check(json.loads(body))
        writer.close()
        await writer.wait_closed()

    async with asyncio.timeout(55):
        await asyncio.gather(*(one_connection(number) for number in range(connections)))


async def read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    length = next(int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length"))
    return int(lines[0].split()[1]), await reader.readexactly(length)


def marks(choice: random.Random) -> tuple[str, Callable[[Any], None]]:
    """One request to a handler of any kind, tagged by an id of its own."""
    kind = choice.choice(["plain", "coroutine", "def", "inline"])
    tag, language = f"{kind}-{next(NUMBERS)}", choice.choice(LANGUAGES)
    target = f"/isolation/{kind}/{tag}?language={language}"
    if kind in ("coroutine", "def"):
        target += f"&wait={choice.choice([0, 0.001, 0.004])}"

    def check(seen: Any) -> None:
        assert seen == {"tag": tag, "before": [None, "en-us"], "after": [tag, language]}

    return target, check


async def test_ten_thousand_interleaved_requests_see_their_own_marks_only(server: Server) -> None:
    await ask_all(server, marks, requests=REQUESTS)
    server.assert_well()


def uses(choice: random.Random) -> tuple[str, Callable[[Any], None]]:
    """One request to a handler that uses the database twice."""
    kind = choice.choice(["database", "database-def", "open-transaction"])
    tag = f"{kind}-{next(NUMBERS)}"

    def check(seen: Any) -> None:
        first, second = seen
        assert first["user"] == second["user"] == first["answer"] == second["answer"] == tag
        assert second["in_atomic"]
        assert first["in_atomic"] == (kind == "open-transaction")
        # Django turns autocommit off for the length of an atomic block on SQLite.
        assert first["autocommit"] == (kind != "open-transaction")
        assert first["thread"] == second["thread"], "thread-sensitive code of one request ran on two threads"

    return f"/isolation/{kind}/{tag}?wait={choice.choice([0, 0.001, 0.003])}", check


@pytest.mark.parametrize("age", ["0", "60"], ids=["a connection for each request", "connections that are kept"])
async def test_requests_never_share_a_connection_or_a_transaction(make_server: Callable[..., Server], age: str) -> None:
    with make_server("127.0.0.1:0", PROJECT_CONN_MAX_AGE=age) as server:
        await ask_all(server, uses, requests=1500)
        # One for each thread at most, however many requests there were.
        assert int(server.get("/isolation/connections").body) <= 33
        server.assert_well()


@pytest.mark.parametrize("age", ["0", "60"], ids=["a connection for each request", "connections that are kept"])
@pytest.mark.parametrize(
    "left",
    [
        "autocommit",
        "autocommit-def",
        "transaction",
        "transaction-def",
    ],
)
async def test_what_a_request_leaves_on_its_connection_is_not_seen_by_the_next(
    make_server: Callable[..., Server], left: str, age: str
) -> None:
    with make_server("127.0.0.1:0", PROJECT_CONN_MAX_AGE=age, PROJECT_BOLT='{"THREADS": 2}') as server:
        for _ in range(4):
            assert server.get(f"/isolation/forgotten/{left}").status == 200
        for number in range(8):
            kind = ["database", "database-def"][number % 2]
            response = server.get(f"/isolation/{kind}/tag-{number}?wait=0")
            assert response.status == 200, server.log()[-3000:]
            first, _ = json.loads(response.body)
            assert (first["in_atomic"], first["autocommit"]) == (False, True)
