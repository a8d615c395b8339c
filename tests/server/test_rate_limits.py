"""Rate limits of a real server: the stated limit is the served one, whatever the number of processes or machines."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from scripts.redis_server import Redis
from tests.server.harness import Server, eventually, request
from tests.server.test_reload import hang_up

MakeServer = Callable[..., Server]


def statuses(server: Server, target: str, count: int, *headers: str, connections: int = 1) -> Counter[int]:
    """Return how many of some requests on some connections got which status, all connections asking at once."""

    def ask(_: int) -> list[int]:
        with server.connect() as wire:
            return [wire.send(request("GET", target, *headers)).answer().status for _ in range(count // connections)]

    with ThreadPoolExecutor(connections) as pool:
        return Counter(status for found in pool.map(ask, range(connections)) for status in found)


def with_bolt(**bolt: Any) -> dict[str, str]:
    """Return the environment of a server with these settings."""
    return {"PROJECT_BOLT": json.dumps(bolt)}


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_exactly_as_many_pass_as_the_limit_says(make_server: MakeServer, processes: int) -> None:
    with make_server("127.0.0.1:0", "--processes", str(processes)) as server:
        found = statuses(server, "/limited/hundred", 192, connections=16)
        assert found == {200: 100, 429: 92}
        answer = server.get("/limited/hundred")
        assert (answer.status, answer.header("retry-after")) == (429, "36")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of two processes that trusts no proxy."""
    with Server(tmp_path_factory.mktemp("server"), "127.0.0.1:0", "--processes", "2") as running:
        yield running


def test_after_the_wait_one_more_passes(two: Server) -> None:
    assert statuses(two, "/limited/soon", 2) == {200: 2}
    refused = two.get("/limited/soon")
    assert (refused.status, refused.header("retry-after")) == (429, "1")
    time.sleep(1.05)
    assert two.get("/limited/soon").status == 200


def test_cve_2025_59152_another_forwarded_address_is_no_other_client(two: Server) -> None:
    found: Counter[int] = Counter()
    with two.connect() as wire:
        for number in range(1000):
            address = f"203.0.{number // 250}.{number % 250}"
            fields = (f"X-Forwarded-For: {address}", f"X-Real-IP: {address}", f"Forwarded: for={address}")
            found[wire.send(request("GET", "/limited/hundred", *fields)).answer().status] += 1
    assert found == {200: 100, 429: 900}


def test_behind_a_trusted_proxy_each_client_has_its_own_count(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0", **with_bolt(TRUSTED_PROXIES=["127.0.0.1"])) as server:
        for client in ("203.0.113.1", "203.0.113.2", "2001:db8:1:1::1"):
            assert statuses(server, "/limited/ten", 12, f"X-Forwarded-For: {client}") == {200: 10, 429: 2}
        # What the client wrote itself stands in front of what the proxy added.
        assert server.get("/limited/ten", "X-Forwarded-For: 198.51.100.1, 203.0.113.1").status == 429
        # One subscriber has all of a /64.
        assert server.get("/limited/ten", "X-Forwarded-For: 2001:db8:1:1:ffff::7").status == 429
        assert server.get("/limited/ten", "X-Forwarded-For: 2001:db8:1:2::1").status == 200


def test_a_refusal_does_not_end_the_connection(two: Server) -> None:
    statuses(two, "/limited/ten", 10)
    with two.connect() as wire:
        assert wire.send(request("GET", "/limited/ten")).answer().status == 429
        assert wire.send(request("GET", "/pid")).answer().status == 200


def test_a_reload_keeps_what_was_counted(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0", "--processes", "2") as server:
        assert statuses(server, "/limited/ten", 7) == {200: 7}
        for generation in (2, 3):
            hang_up(server, generation)
        first = server.worker
        eventually(lambda: int(server.get("/pid").body) != first)
        assert statuses(server, "/limited/ten", 10) == {200: 3, 429: 7}


def test_a_killed_worker_takes_no_count_with_it(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0", "--processes", "1") as server:
        assert statuses(server, "/limited/ten", 7) == {200: 7}
        first = server.worker
        os.kill(first, signal.SIGKILL)

        def replaced() -> bool:
            answer = server.ask(request("GET", "/pid"))
            return answer is not None and int(answer.body) != first

        eventually(replaced)
        assert statuses(server, "/limited/ten", 5) == {200: 3, 429: 2}


def test_many_clients_take_no_more_memory(make_server: MakeServer) -> None:
    with make_server(
        "127.0.0.1:0", **with_bolt(RATE_LIMIT_CLIENTS=1000, ACCESS_LOG="off", ACCESS_LOG_FILE=None)
    ) as server:

        def flood(start: int, count: int) -> None:
            with server.connect() as wire:
                for first in range(start, start + count, 200):
                    keys = range(first, first + 200)
                    wire.send(b"".join(request("GET", "/limited/keyed", f"X-Key: {key}") for key in keys))
                    assert {wire.answer().status for _ in keys} == {200}

        statuses(server, "/limited/keyed", 3, "X-Key: first")
        flood(0, 4000)
        before = server.resident()
        flood(4000, 20_000)
        assert server.resident() - before < 1024
        # Who was refused is remembered the longest.
        assert server.get("/limited/keyed", "X-Key: first").status == 429


# One limit for several machines


def test_servers_with_one_store_have_one_limit(make_server: MakeServer, redis_server: Redis) -> None:
    redis_server.ask("FLUSHALL")
    store = with_bolt(RATE_LIMIT_STORE=redis_server.url)
    with (
        make_server("127.0.0.1:0", "--processes", "2", **store) as one,
        make_server("127.0.0.1:0", "--processes", "2", **store) as other,
    ):
        with ThreadPoolExecutor(2) as pool:
            found = pool.map(lambda server: statuses(server, "/limited/hundred", 96, connections=8), (one, other))
        assert sum(found, Counter()) == {200: 100, 429: 92}
        refused = other.get("/limited/hundred")
        assert (refused.status, refused.header("retry-after")) == (429, "36")
        assert "WARNING" not in one.log() + other.log()
    # In milliseconds, the time in which the last of it counts.
    script = "return redis.call('PTTL', redis.call('KEYS', 'bolt:rate:*')[1])"
    assert 3_500_000 < int(redis_server.ask("EVAL", script, "0")[1:]) <= 3_600_000


def test_without_its_store_a_server_goes_on_counting_by_itself(
    make_server: MakeServer, own_redis_server: Redis
) -> None:
    with make_server("127.0.0.1:0", **with_bolt(RATE_LIMIT_STORE=own_redis_server.url)) as server:
        assert statuses(server, "/limited/ten", 4) == {200: 4}
        own_redis_server.shut_down()
        started = time.monotonic()
        assert statuses(server, "/limited/ten", 12) == {200: 10, 429: 2}
        assert time.monotonic() - started < 5
        lines = [line for line in server.log().splitlines() if "RATE_LIMIT_STORE" in line]
        assert len(lines) == 1
        assert "WARNING" in lines[0]
        assert "Traceback" not in server.log()
        own_redis_server.start_again()
        eventually(lambda: server.get("/limited/hundred").status and "answers again" in server.log())
        assert statuses(server, "/limited/ten", 12) == {200: 10, 429: 2}, "the store starts with nothing in it"


def test_a_store_that_hangs_holds_nobody_up(make_server: MakeServer, own_redis_server: Redis) -> None:
    with make_server("127.0.0.1:0", **with_bolt(RATE_LIMIT_STORE=own_redis_server.url)) as server:
        assert server.get("/limited/ten").status == 200
        own_redis_server.pause(3)
        started = time.monotonic()
        assert statuses(server, "/limited/hundred", 50) == {200: 50}
        # A tenth of a second each second, of 3 that it hangs.
        assert time.monotonic() - started < 2
        assert server.log().count("RATE_LIMIT_STORE") == 1
        eventually(lambda: server.get("/limited/hundred").status and "answers again" in server.log())
        own_redis_server.ask("SCRIPT", "FLUSH")
        assert server.get("/limited/hundred").status == 200
        assert server.log().count("does not answer") == 1


def test_a_server_starts_without_its_store(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0", **with_bolt(RATE_LIMIT_STORE="redis://:secret@127.0.0.1:1/0")) as server:
        assert statuses(server, "/limited/ten", 12) == {200: 10, 429: 2}
        assert server.log().count("does not answer") == 1
        assert "secret" not in server.log()


def test_an_address_that_is_none_is_refused_at_start(make_server: MakeServer) -> None:
    address = "redis://:secret@localhost:none"
    refused = make_server(**with_bolt(RATE_LIMIT_STORE=address)).manage("runbolt", "127.0.0.1:0")
    assert refused.returncode == 1
    assert "redis://[user:password@]host" in refused.stderr
    assert "secret" not in refused.stderr
