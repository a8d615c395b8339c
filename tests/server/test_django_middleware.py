"""Django's middleware in a real server, in each mode of the database: nothing crosses, nothing waits in a circle."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from scripts.postgresql import PostgreSQL
from tests.server.harness import Server, Wire, eventually, request
from tests.server.ledger import serving
from tests.server.test_database_modes import start

LANGUAGES = ["de", "fr", "ja", "pt-br", "ar"]
ZONES = ["Europe/Berlin", "Asia/Tokyo", "America/Lima", "UTC"]
KINDS = ["plain", "coroutine", "database", "def", "thread"]
NUMBERS = itertools.count()
NOBODY = [None, "en-us", "America/Chicago"]
"""What Django's defaults say."""
POOL = 3

MODES: dict[str, dict[str, Any]] = {
    "inline": {"DB_POOL_SIZE": POOL},
    "thread": {"ORM_BRIDGE": "thread", "DB_POOL_TIMEOUT": 20},
    "unbridged": {"ORM_BRIDGE": False},
    "greenlet": {"DB_POOL_SIZE": POOL},
}


@pytest.fixture(scope="module", params=MODES)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Server]]:
    mode = request.param
    directory = tmp_path_factory.mktemp("server")
    with ExitStack() as stack:
        if mode == "greenlet":
            postgresql: PostgreSQL = request.getfixturevalue("postgresql")
            server = stack.enter_context(serving(postgresql, directory, bolt=MODES[mode])).server
        else:
            server = stack.enter_context(start(directory, **MODES[mode]))
        get(server, "/setup")
        yield mode, server
        server.assert_well()


def get(server: Server, target: str, status: int = 200) -> Any:
    answer = server.ask(request("GET", "/through" + target))
    assert answer is not None
    assert answer.status == status, (answer, server.log()[-5000:])
    return json.loads(answer.body)


async def ask_all(server: Server, targets: Iterator[tuple[str, Any]], *, connections: int) -> int:
    """Ask for every target over so many connections at a time, and check each answer."""
    count = 0

    async def one_connection() -> None:
        nonlocal count
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for target, check in targets:
            writer.write(request("GET", "/through" + target))
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            fields = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            body = await reader.readexactly(int(fields["content-length"]))
            assert head[0].split()[1] == "200", (target, body, server.log()[-3000:])
            marks = next(line.split(": ", 1)[1] for line in head if line.lower().startswith("x-marks"))
            check(json.loads(body), json.loads(marks))
            count += 1
        writer.close()
        await writer.wait_closed()

    async with asyncio.timeout(55):
        await asyncio.gather(*(one_connection() for _ in range(connections)))
    return count


def marked(requests: int) -> Iterator[tuple[str, Any]]:
    """Yield targets of every kind, each with marks of its own, and what has to come of them."""
    choice = random.Random(7)
    for _ in range(requests):
        kind, tag = choice.choice(KINDS), f"t{next(NUMBERS)}"
        language, zone = choice.choice(LANGUAGES), choice.choice(ZONES)
        target = f"/{kind}?tag={tag}&language={language}&timezone={zone}"
        if kind in ("coroutine", "database"):
            target += f"&wait={choice.choice([0, 0.001, 0.004])}"
        if choice.random() < 0.5:
            target += "&query"
        own = [tag, language, zone]

        def check(body: Any, marks: Any, own: Any = own, tag: str = tag) -> None:
            assert body == [*own, tag]
            assert marks[:3] == [NOBODY, tag, [*own, tag]]

        yield target, check


async def test_no_request_sees_another(served: tuple[str, Server]) -> None:
    mode, server = served
    requests = 5000 if mode in ("inline", "greenlet") else 800
    assert await ask_all(server, marked(requests), connections=40) == requests


async def test_the_handler_finds_a_connection_though_every_middleware_used_one(served: tuple[str, Server]) -> None:
    mode, server = served
    if mode == "unbridged":
        pytest.skip("a thread has its own connection")

    def check(body: Any, marks: Any) -> None:
        assert body[3] == marks[1]

    targets = ((f"/database?tag=p{number}&wait=0.01&query", check) for number in range(30 * POOL))
    assert await ask_all(server, targets, connections=10 * POOL) == 30 * POOL


def test_where_it_runs(served: tuple[str, Server]) -> None:
    mode, server = served
    there, here = get(server, "/blocked-on")
    assert (there == here) is (mode in ("inline", "greenlet"))


def test_a_transaction_of_middleware_is_around_the_handler(served: tuple[str, Server]) -> None:
    mode, server = served
    if mode in ("thread", "unbridged"):
        pytest.skip("as under Django, the handler's queries run elsewhere")
    assert get(server, "/write?tag=kept&atomic") == 1
    assert get(server, "/count?tag=kept") == 1
    assert get(server, "/write?tag=undone&atomic&rollback") == 1
    assert get(server, "/count?tag=undone") == 0
    assert get(server, "/write?tag=plain") == 1


def test_a_client_that_is_gone_ends_it_properly(served: tuple[str, Server]) -> None:
    mode, server = served
    if mode in ("thread", "unbridged"):
        pytest.skip("a thread cannot be interrupted")
    before = len(get(server, "/ended"))
    with Wire(server.port) as wire:
        wire.send(request("GET", "/through/wait?note"))
        get(server, "/ended")
    # What it does at its end asks the database.
    eventually(lambda: get(server, "/ended")[before:] == ["CancelledError", "finally"])


def test_errors_and_refusals_pass_through_it(served: tuple[str, Server]) -> None:
    _, server = served
    for target, status in (("/broken", 500), ("/nowhere", 404), ("/write", 422), ("/limited", 504)):
        answer = server.ask(request("GET", f"/through{target}"))
        assert answer is not None
        assert (answer.status, answer.header("x-marks") is not None) == (status, True)


def test_what_a_handler_waits_is_not_counted_against_its_queries(tmp_path: Path) -> None:
    with start(tmp_path / "server", INLINE_LIMIT_MS=20) as server:
        for _ in range(6):
            get(server, "/database?tag=a&wait=0.05&query")
        assert "keep the event loop" not in server.log()
        server.assert_well()


def test_middleware_that_blocks_can_be_sent_to_a_thread(tmp_path: Path) -> None:
    with start(tmp_path / "server", MIDDLEWARE_THREADS=["mysite.through.Slow"]) as server:
        there, here = get(server, "/blocked-on?block=0.01")
        assert there != here
        slow = [Wire(server.port).send(request("GET", "/through/plain?tag=s&block=1")) for _ in range(3)]
        # The loop goes on meanwhile.
        assert get(server, "/plain?tag=a")[0] == "a"
        for wire in slow:
            assert wire.answer().status == 200
            wire.close()
        server.assert_well()
