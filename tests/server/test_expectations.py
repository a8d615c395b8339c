"""A client that asks before it sends a body (`Expect: 100-continue`) is not asked for one that is refused anyway."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scripts.redis_server import Redis
from tests.server.harness import Response, Server, request
from tests.server.test_rate_limits import with_bolt

MakeServer = Callable[..., Server]
EXPECT = "Expect: 100-continue"
KEY = "X-API-Key: the-key-of-the-tests"
FOREIGN = "Origin: https://evil.example"
COOKIE = "Cookie: sessionid=x"


def ask_first(server: Server, target: str, *headers: str, body: bytes = b"{}") -> list[Response]:
    """Return every answer; the body is sent once it is asked for."""
    with server.connect() as wire:
        answers = [wire.send(request("POST", target, EXPECT, f"Content-Length: {len(body)}", *headers)).answer()]
        if answers[0].status == 100:
            answers.append(wire.send(body).answer())
        return answers


@pytest.mark.parametrize("store", ["memory", "redis"])
def test_who_asks_too_often_is_not_asked_for_a_body_and_counted_once(
    make_server: MakeServer, request: pytest.FixtureRequest, store: str
) -> None:
    environment = {}
    if store == "redis":
        redis: Redis = request.getfixturevalue("redis_server")
        redis.ask("FLUSHALL")
        environment = with_bolt(RATE_LIMIT_STORE=redis.url)
    with make_server("127.0.0.1:0", **environment) as server:
        for left in (1, 0):
            answers = ask_first(server, "/limited/posted")
            assert [answer.status for answer in answers] == [100, 200]
            assert (answers[1].header("ratelimit") or "").split(";")[1] == f"r={left}"
        (refused,) = ask_first(server, "/limited/posted")
        assert (refused.status, refused.header("retry-after")) == (429, "1800")
        assert server.log().count("does not answer") == 0
        server.assert_well()


@pytest.mark.parametrize(
    ("headers", "statuses"),
    [
        ([KEY], [100, 200]),
        ([], [401]),
        (["X-API-Key: another"], [401]),
        # Browsers bring cookies from wherever a page is.
        ([KEY, FOREIGN], [100, 200]),
        ([KEY, FOREIGN, COOKIE], [403]),
        ([KEY, "Origin: http://localhost", COOKIE], [100, 200]),
        ([FOREIGN, COOKIE], [403]),
    ],
)
def test_who_may_not_come_in_is_not_asked_for_a_body(server: Server, headers: list[str], statuses: list[int]) -> None:
    answers = ask_first(server, "/entrance/guarded", *headers)
    assert [answer.status for answer in answers] == statuses
    # Without asking, the answer is the same.
    plain = server.ask(request("POST", "/entrance/guarded", *headers, body=b"{}"))
    assert plain is not None
    assert (plain.status, plain.body) == (answers[-1].status, answers[-1].body)


def test_a_refusal_is_no_less_final_for_a_body_that_comes_anyway(server: Server) -> None:
    with server.connect() as wire:
        head = request("POST", "/entrance/guarded", EXPECT, "Content-Length: 2", "Connection: close")
        assert wire.send(head + b"{}").answer().status == 401
        assert wire.read() is None
    server.assert_well()
