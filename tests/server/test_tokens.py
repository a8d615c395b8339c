"""Tokens before several real processes: what one of them revokes counts nowhere any more."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.server.harness import Response, Server, eventually, post, request
from tests.together import together

MakeServer = Callable[..., Server]
SETTINGS = {"DJANGO_SETTINGS_MODULE": "doors.settings"}
PROCESSES = ("127.0.0.1:0", "--processes", "2")
LOCAL_MEMORY = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 1_000_000}}


def settings(store: str, cache: Any = LOCAL_MEMORY) -> dict[str, str]:
    return {
        **SETTINGS,
        "PROJECT_BOLT": json.dumps({"TOKEN_STORE": store}),
        "PROJECT_CACHES": json.dumps({"default": cache}),
    }


@pytest.fixture(scope="module", params=["cache", "database"])
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """Settings with a store that several processes can share."""
    if request.param == "database":
        return settings("database")
    url = request.getfixturevalue("redis_server").url
    return settings("cache", {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url})


@pytest.fixture(scope="module")
def server(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two processes, and a user."""
    with Server(tmp_path_factory.mktemp("server"), *PROCESSES, **environment).migrate() as running:
        assert running.ask(post("/users/ann", b"")).status == 200
        yield running


def ask(server: Server, path: str, body: dict[str, str]) -> Response:
    answer = server.ask(post(path, json.dumps(body).encode()))
    assert answer is not None
    return answer


def login(server: Server) -> dict[str, str]:
    answer = ask(server, "/auth/login", {"username": "ann", "password": "right"})
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def renew(server: Server, pair: dict[str, str]) -> Response:
    return ask(server, "/auth/refresh", {"refresh_token": pair["refresh_token"]})


def me(server: Server, pair: dict[str, str]) -> Response:
    return server.get("/me", f"Authorization: Bearer {pair['access_token']}")


def everywhere(server: Server, pair: dict[str, str]) -> set[int]:
    """Return the answers of both processes to an access token."""
    asked = request("GET", "/me", f"Authorization: Bearer {pair['access_token']}")
    with server.connect_each() as wires:
        return {wire.send(asked).answer().status for wire in wires}


def test_a_token_that_was_revoked_counts_in_no_process(server: Server) -> None:
    pair, other = login(server), login(server)
    assert everywhere(server, pair) == {200}
    assert ask(server, "/auth/logout", {"refresh_token": pair["refresh_token"]}).status == 204
    # At once, not after a while.
    assert everywhere(server, pair) == {401}
    assert {renew(server, pair).status for _ in range(10)} == {401}
    assert everywhere(server, other) == {200}
    assert ask(server, "/auth/logout-all", {"refresh_token": other["refresh_token"]}).status == 204
    assert everywhere(server, other) == {401}
    assert everywhere(server, login(server)) == {200}


def test_blocking_code_revokes_as_well(server: Server) -> None:
    pair = login(server)
    assert everywhere(server, pair) == {200}
    assert server.ask(post("/users/ann/ban", b"")).status == 200
    assert everywhere(server, pair) == {401}
    assert renew(server, pair).status == 401


def test_of_many_uses_at_once_one_at_most_gets_a_pair_and_that_does_not_count(server: Server) -> None:
    for _ in range(5):
        pair = login(server)
        answers = []

        def use(number: int, wait: Callable, pair: dict[str, str] = pair, answers: list = answers) -> None:
            data = post("/auth/refresh", json.dumps({"refresh_token": pair["refresh_token"]}).encode())
            with server.connect() as wire:
                wait()
                answers.append(wire.send(data).answer())

        together(8, use)
        assert sorted(answer.status for answer in answers) in ([200] + [401] * 7, [401] * 8)
        for renewed in [json.loads(answer.body) for answer in answers if answer.status == 200]:
            assert renew(server, renewed).status == 401
            assert me(server, renewed).status == 401


def test_no_token_is_written_to_a_log(server: Server) -> None:
    pair = login(server)
    renewed = json.loads(renew(server, pair).body)
    assert renew(server, pair).status == 401
    ask(server, "/auth/logout", {"refresh_token": renewed["refresh_token"]})
    written = eventually(lambda: "\n".join(server.access_log())) + server.log()
    for known in (*pair.values(), *renewed.values()):
        assert len(str(known)) < 20 or str(known) not in written
    assert "Traceback" not in written


@pytest.fixture(scope="module")
def other_server(
    server: Server, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server as on another host: it has nothing in common with the first but the database of users and the store."""
    shared = {**environment, "PROJECT_DATABASE": str(server.database)}
    with Server(tmp_path_factory.mktemp("other"), *PROCESSES, **shared) as running:
        yield running


def test_what_one_server_revoked_counts_on_no_other(server: Server, other_server: Server) -> None:
    hosts = (server, other_server)
    assert server.process.pid != other_server.process.pid
    for here, there in (hosts, hosts[::-1]):
        pair, other = login(here), login(here)
        assert [everywhere(host, pair) for host in hosts] == [{200}, {200}]
        assert ask(there, "/auth/logout", {"refresh_token": pair["refresh_token"]}).status == 204
        # At once.
        assert [everywhere(host, pair) for host in (here, there)] == [{401}, {401}]
        assert [renew(host, pair).status for host in (here, there)] == [401, 401]

        # A refresh token is used up on both, and using it again ends the login on both.
        renewed = json.loads(renew(there, other).body)
        assert everywhere(here, renewed) == {200}
        assert renew(here, other).status == 401
        assert [everywhere(host, renewed) for host in (here, there)] == [{401}, {401}]
        assert [renew(host, renewed).status for host in (here, there)] == [401, 401]


def test_a_ban_counts_on_every_server(server: Server, other_server: Server) -> None:
    pair = login(server)
    assert everywhere(other_server, pair) == {200}
    assert other_server.ask(post("/users/ann/ban", b"")).status == 200
    assert everywhere(server, pair) == {401}
    assert everywhere(server, login(other_server)) == {200}


@pytest.mark.parametrize("store", ["memory", "cache"])
def test_a_store_in_memory_is_for_one_process(make_server: MakeServer, store: str) -> None:
    environment = settings(store)
    refused = make_server(**environment).manage("runbolt", *PROCESSES)
    assert refused.returncode == 1
    assert "with 2 processes, of which each would know only the tokens that it revoked itself" in refused.stderr
    assert 'write "TOKEN_STORE": "database"' in refused.stderr
    checked = make_server(**{**environment, "PROJECT_BOLT": json.dumps({"TOKEN_STORE": store, "PROCESSES": 2})})
    assert "django_bolt.E015" in checked.manage("check").stderr
    with make_server("127.0.0.1:0", **environment) as server:
        assert server.get("/pid").status == 200


def test_a_password_is_checked_on_a_thread(make_server: MakeServer) -> None:
    server = make_server("127.0.0.1:0", **settings("database"), PROJECT_HASH_SECONDS="1").migrate()
    with server as running, running.connect() as wire:
        assert running.ask(post("/users/ann", b"")).status == 200
        began = time.monotonic()
        wire.send(post("/auth/login", b'{"username": "ann", "password": "right"}'))
        time.sleep(0.2)
        for _ in range(5):
            assert running.get("/pid").status == 200
        # All of them while the password was still being checked.
        assert time.monotonic() - began < 1
        assert wire.answer().status == 200
        assert time.monotonic() - began >= 1


@pytest.mark.parametrize("mode", ["inline", "thread", False])
def test_every_way_to_the_database(make_server: MakeServer, mode: Any) -> None:
    environment = {**SETTINGS, "PROJECT_BOLT": json.dumps({"TOKEN_STORE": "database", "ORM_BRIDGE": mode})}
    with make_server("127.0.0.1:0", **environment).migrate() as server:
        assert server.ask(post("/users/ann", b"")).status == 200
        first = login(server)
        answer = renew(server, first)
        assert answer.status == 200
        assert renew(server, first).status == 401
        assert renew(server, json.loads(answer.body)).status == 401
        assert "Traceback" not in server.log()


def test_the_table_is_cleared_by_a_command(make_server: MakeServer) -> None:
    server = make_server(**settings("database")).migrate()
    cleared = server.manage("bolt_clear_tokens")
    assert (cleared.returncode, cleared.stdout) == (0, "Deleted 0 expired entries.\n"), cleared.stderr
