"""Limits of one route, of a target and of a process: what is too large, too late, too long or too much."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

import pytest

from tests.server.harness import Server, eventually, post, request

CHUNKED = "Transfer-Encoding: chunked"


def chunks(size: int, *, each: int = 4096) -> bytes:
    """Return the chunks of a body of spaces, with its end."""
    whole = b"".join(b"%x\r\n%s\r\n" % (part, b" " * part) for part in [each] * (size // each) + [size % each] if part)
    return whole + b"0\r\n\r\n"


# ---- bodies ----------------------------------------------------------------------------------------------------------


def test_a_route_says_how_large_its_body_may_be(server: Server) -> None:
    for size, status in ((0, 200), (10, 200), (11, 413), (1_000_000, 413)):
        announced = server.ask(request("POST", "/entrance/small", body=b" " * size))
        assert announced is not None
        assert announced.status == status, size
    assert server.get("/hello").status == 200


def test_a_route_may_take_more_than_the_setting(server: Server) -> None:
    size = 8 * 1024 * 1024 + 1
    assert server.ask(request("POST", "/echo", body=b" " * size)).status == 413  # type: ignore[union-attr]
    response = server.ask(request("POST", "/entrance/big", body=b" " * size))
    assert response is not None
    assert (response.status, response.body) == (200, b"%d" % size)


@pytest.mark.parametrize("body", [b"b\r\n" + b" " * 11 + b"\r\n", b"6\r\n      \r\n5\r\n     \r\n"])
def test_cve_2026_33034_a_body_of_no_told_length_is_cut_off(server: Server, body: bytes) -> None:
    # No end of the body is sent: it is refused before it is read whole.
    with server.connect() as wire:
        assert wire.send(request("POST", "/entrance/small", CHUNKED) + body).answer().status == 413


def test_cve_2026_33034_a_large_body_of_no_told_length_takes_no_memory(server: Server) -> None:
    server.get("/hello")
    before = server.resident()
    for _ in range(20):
        with server.connect() as wire:
            wire.send(request("POST", "/entrance/small", CHUNKED) + chunks(1024 * 1024))
            response = wire.read()
            assert response is None or response.status == 413
    assert server.resident() - before < 16 * 1024
    response = server.ask(request("POST", "/entrance/small", CHUNKED) + chunks(10))
    assert response is not None
    assert response.body == b"10"


def test_cve_2024_52581_a_json_body_has_a_limit(server: Server) -> None:
    for size, status in ((100, 200), (101, 413)):
        body = b'{"a":1' + b" " * (size - 7) + b"}"
        assert server.ask(post("/entrance/json", body)).status == status  # type: ignore[union-attr]
        framed = b"%x\r\n%s\r\n0\r\n\r\n" % (size, body)
        chunked = server.ask(request("POST", "/entrance/json", CHUNKED) + framed)
        assert chunked is not None
        assert chunked.status == status


# ---- asking first ----------------------------------------------------------------------------------------------------

EXPECT = "Expect: 100-continue"


def test_only_a_body_that_is_wanted_is_asked_for(server: Server) -> None:
    with server.connect() as wire:
        wire.send(request("POST", "/entrance/small", EXPECT, "Content-Length: 4"))
        assert wire.answer().status == 100
        assert wire.send(b"bolt").answer().body == b"4"
        wire.send(request("POST", "/entrance/small", EXPECT, "Content-Length: 4"))
        assert wire.answer().status == 100
        assert wire.send(b"bolt").answer().body == b"4"


@pytest.mark.parametrize(
    ("target", "headers", "host", "status"),
    [
        ("/entrance/small", ["Content-Length: 11"], "localhost", 413),
        ("/entrance/json", ["Content-Length: 5", "Content-Type: text/plain"], "localhost", 415),
        ("/nowhere", ["Content-Length: 5"], "localhost", 404),
        ("/hello", ["Content-Length: 5"], "localhost", 405),
        ("/method", ["Content-Length: 5"], "localhost", 200),
        ("/entrance/small", ["Content-Length: 5"], "a_b", 400),
        ("/entrance/small?" + "a" * 9000, ["Content-Length: 5"], "localhost", 414),
    ],
)
def test_what_is_refused_has_its_final_answer_at_once(
    server: Server, target: str, headers: list[str], host: str, status: int
) -> None:
    with server.connect() as wire:
        assert wire.send(request("POST", target, EXPECT, *headers, host=host)).answer().status == status
    server.assert_well()


# ---- time ------------------------------------------------------------------------------------------------------------


def late(server: Server, kind: str) -> tuple[str, dict[str, str]]:
    """Ask a route that takes too long; return the tag under which its events are, and the answer's body."""
    tag = uuid.uuid4().hex
    response = server.get(f"/entrance/late/{kind}/{tag}")
    assert (response.status, response.header("content-type")) == (504, "application/json")
    return tag, json.loads(response.body)


def events(server: Server, tag: str) -> list[str]:
    """Return what happened to a handler."""
    found: list[str] = json.loads(server.get(f"/cancelled/events/{tag}").body)
    return found


def test_a_task_that_takes_too_long_is_cancelled_and_cleans_up(server: Server) -> None:
    tag, body = late(server, "async")
    assert body == {"detail": "no answer within 0.2 s"}
    eventually(lambda: events(server, tag) == ["finally"])


def test_a_shielded_task_goes_on_behind_the_answer(server: Server) -> None:
    tag, _ = late(server, "shielded")
    eventually(lambda: events(server, tag) == ["done"])


def test_the_answer_of_a_thread_that_takes_too_long_is_dropped(server: Server) -> None:
    tag, _ = late(server, "def")
    eventually(lambda: events(server, tag) == ["done"])
    server.assert_well()


def test_what_waits_for_a_thread_is_not_run_when_its_time_is_over(make_server: Callable[..., Server]) -> None:
    with make_server("127.0.0.1:0", PROJECT_BOLT='{"THREADS": 1}') as server, server.connect() as wire:
        wire.send(request("GET", "/slow-def?seconds=1"))
        server.get("/hello")
        tag, _ = late(server, "def")
        assert wire.answer().status == 200
        # Threads are given out in order: behind this answer the late one would have had its turn.
        assert server.get("/slow-def?seconds=0.5").status == 200
        assert events(server, tag) == []


def test_a_plain_coroutine_that_took_too_long_is_answered_the_same(server: Server) -> None:
    assert server.get("/entrance/late/plain").status == 504


def test_the_connection_goes_on_behind_a_504(server: Server) -> None:
    with server.connect() as wire:
        assert wire.send(request("GET", f"/entrance/late/async/{uuid.uuid4().hex}")).answer().status == 504
        assert wire.send(request("GET", "/entrance/in-time")).answer().status == 200


def test_a_504_is_logged_once_and_told_to_django(make_server: Callable[..., Server]) -> None:
    with make_server("127.0.0.1:0") as server:
        with server.log_of(settle=0.3) as written:
            late(server, "async")
        assert written().count("LOG ERROR django.request") == 1
        assert len([event for event in server.events() if "got_request_exception" in event]) == 1


def test_the_setting_is_for_routes_that_say_nothing(make_server: Callable[..., Server]) -> None:
    with make_server("127.0.0.1:0", PROJECT_BOLT='{"TIMEOUT": 0.2}') as server:
        assert server.get("/entrance/default").status == 504
        assert server.get("/entrance/patient").status == 200
        assert server.get("/entrance/in-time").status == 200
        assert server.get("/inline").status == 200


# ---- targets and requests at once ------------------------------------------------------------------------------------


@pytest.mark.parametrize("byte", [0, 1, 7, 8, 9, 0x0B, 0x1B, 0x7F], ids=hex)
@pytest.mark.parametrize("target", [b"/hel%clo", b"/hello?a=%c", b"/nowhere/%c", b"http://localhost/%c"])
def test_control_characters_in_a_target_are_refused(server: Server, target: bytes, byte: int) -> None:
    with server.log_of(settle=0.02) as written:
        response = server.ask(request("GET", target % byte))
    assert response is not None
    assert response.status == 400
    assert written().count("LOG ") <= 1


def test_a_target_has_a_length_of_its_own(make_server: Callable[..., Server]) -> None:
    with make_server("127.0.0.1:0", PROJECT_BOLT='{"MAX_URL": 100}') as server:
        for target in ("/rest/" + "a" * 94, "/hello?" + "a" * 93):
            assert server.get(target).status == 200
            refused = server.get(target + "a")
            assert (refused.status, "at most 100 bytes" in refused.body.decode()) == (414, True)


def test_more_requests_at_once_than_may_be_are_turned_away(make_server: Callable[..., Server]) -> None:
    with make_server("127.0.0.1:0", PROJECT_BOLT='{"MAX_IN_FLIGHT": 2}') as server:
        first, second = server.connect(), server.connect()
        for wire in (first, second):
            wire.send(request("GET", "/slow?seconds=2"))
        # They are in flight once a third one is refused.
        refused = eventually(lambda: (answer := server.get("/hello")).status == 503 and answer)
        assert int(refused.header("retry-after")) > 0
        assert json.loads(refused.body)["detail"]
        assert server.get("/health").status == 200
        assert first.answer().status == second.answer().status == 200
        assert server.get("/hello").status == 200
        first.send(request("GET", "/slow?seconds=60")).close()
        second.send(request("GET", "/slow?seconds=60")).close()
        # Clients that have left count no more.
        eventually(lambda: server.get("/hello").status == 200)
