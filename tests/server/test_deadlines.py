"""Clients that keep a server waiting: each wait has an end, and a slow handler is none of them."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.harness import Server, Wire, eventually, request

LATE = b'{"detail":"Request Timeout"}'
LENGTH = 0.4
"""Seconds of every deadline here; handlers that have to survive take twice as long."""


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with no patience."""
    settings = {
        "IDLE_TIMEOUT": LENGTH,
        "HEAD_TIMEOUT": LENGTH,
        "BODY_TIMEOUT": LENGTH,
        "BODY_RATE": 1000,
        "WRITE_TIMEOUT": LENGTH,
        "KEEP_ALIVE": LENGTH,
    }
    directory = tmp_path_factory.mktemp("hasty")
    with Server(directory, "127.0.0.1:0", PROJECT_BOLT=json.dumps(settings)) as running:
        yield running
        running.assert_well()
        assert "LOG" not in running.log()


@pytest.fixture
def wire(hasty: Server) -> Iterator[Wire]:
    with hasty.connect() as wire:
        yield wire


def assert_late(wire: Wire) -> None:
    response = wire.answer()
    assert (response.status, response.body) == (408, LATE)
    assert (response.header("connection") or "").lower() == "close"
    assert wire.closed(timeout=5)


def established(server: Server, client: socket.socket) -> bool:
    """Tell whether the server's end of a connection is open."""
    ends = f":{server.port:04X} ", f":{client.getsockname()[1]:04X} 01 "
    return any(all(end in line for end in ends) for line in Path("/proc/net/tcp").read_text().splitlines())


def test_a_connection_without_a_byte_is_closed_without_a_word(wire: Wire) -> None:
    assert wire.closed(timeout=5)


def test_an_idle_kept_connection_is_closed_without_a_word(wire: Wire) -> None:
    assert wire.send(request("GET", "/hello")).answer().status == 200
    assert wire.closed(timeout=5)


@pytest.mark.parametrize("part", [b"G", b"GET /hello HTTP/1.1\r\nHost: a\r\nX-Half: "])
def test_half_a_head_is_answered_408(wire: Wire, part: bytes) -> None:
    wire.send(part)
    assert_late(wire)


def test_half_a_head_of_a_second_request_is_answered_408(wire: Wire) -> None:
    assert wire.send(request("GET", "/hello")).answer().status == 200
    wire.send(b"GET /hello HTTP/1.1\r\nHost: a\r\n")
    assert_late(wire)


def test_half_a_head_in_one_piece_with_a_request_is_answered_408(wire: Wire) -> None:
    assert wire.send(request("GET", "/hello") + b"GET /hello HT").answer().status == 200
    assert_late(wire)


def test_half_a_head_that_came_while_a_handler_worked_is_answered_408(wire: Wire) -> None:
    wire.send(request("GET", f"/slow?seconds={2 * LENGTH}"))
    time.sleep(0.1)
    assert wire.send(b"GET /hello HT").answer().status == 200
    assert_late(wire)


def test_a_head_is_timed_from_its_first_byte_and_not_from_its_last(wire: Wire) -> None:
    begun = time.monotonic()
    wire.socket.settimeout(0.05)
    head = request("GET", "/hello", "X-Drip: " + 400 * "x")
    for byte in head:
        wire.send(bytes([byte]))
        try:
            if wire.socket.recv(1, socket.MSG_PEEK):
                break
        except TimeoutError:
            continue
    else:
        pytest.fail(f"dripped for {time.monotonic() - begun} s")
    wire.socket.settimeout(10)
    assert wire.answer().status == 408


@pytest.mark.parametrize("framing", ["Content-Length: 100", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("part", [b"", b"5\r\nab"])
def test_a_body_that_stops_is_answered_408(wire: Wire, framing: str, part: bytes) -> None:
    wire.send(request("POST", "/echo", framing) + part)
    assert_late(wire)


def test_a_body_below_the_rate_is_answered_408(wire: Wire) -> None:
    wire.send(request("POST", "/echo", "Content-Length: 100000"))
    wire.socket.settimeout(0.1)
    for _ in range(100):
        wire.send(b"ab")
        try:
            assert wire.socket.recv(1, socket.MSG_PEEK)
            break
        except TimeoutError:
            continue
    else:
        pytest.fail("a drip-fed body was waited for")
    wire.socket.settimeout(10)
    assert_late(wire)


def test_a_body_above_the_rate_takes_the_time_that_it_takes(wire: Wire) -> None:
    wire.send(request("POST", "/echo", "Content-Length: 5000"))
    for _ in range(10):
        wire.send(500 * b"x")
        time.sleep(0.15)
    assert wire.answer().body == b"5000:" + 64 * b"x"


def test_a_body_that_nobody_reads_and_that_stops_is_closed(wire: Wire) -> None:
    assert wire.send(request("GET", "/hello", "Transfer-Encoding: chunked") + b"5\r\nab").answer().status == 200
    assert wire.closed(timeout=5)


def test_a_client_that_does_not_read_is_closed(hasty: Server) -> None:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", hasty.port))
        client.sendall(request("GET", "/big?size=20000000"))
        assert established(hasty, client)
        assert client.recv(12) == b"HTTP/1.1 200"
        eventually(lambda: not established(hasty, client))


def test_a_client_that_reads_slowly_gets_all(hasty: Server) -> None:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.connect(("127.0.0.1", hasty.port))
        client.settimeout(10)
        client.sendall(request("GET", "/big?size=20000000", "Connection: close"))
        begun, got = time.monotonic(), 0
        while piece := client.recv(1 << 18):
            got += len(piece)
            if time.monotonic() - begun < 3 * LENGTH:
                time.sleep(0.02)
        assert got > 20_000_000


@pytest.mark.parametrize("path", ["/slow", "/slow-def"])
def test_a_slow_handler_is_not_cut(wire: Wire, path: str) -> None:
    for _ in range(2):
        assert wire.send(request("GET", f"{path}?seconds={2 * LENGTH}")).answer().status == 200


def test_pipelined_requests_wait_for_slow_handlers(wire: Wire) -> None:
    wire.send(3 * request("GET", f"/slow?seconds={1.5 * LENGTH}") + request("POST", "/echo", body=b"abc"))
    assert [wire.answer().status for _ in range(3)] == [200, 200, 200]
    assert wire.answer().body == b"3:abc"


def test_zero_is_any_length(tmp_path_factory: pytest.TempPathFactory) -> None:
    names = ("IDLE_TIMEOUT", "HEAD_TIMEOUT", "BODY_TIMEOUT", "BODY_RATE", "WRITE_TIMEOUT")
    settings = json.dumps(dict.fromkeys(names, 0))
    directory = tmp_path_factory.mktemp("patient")
    with (
        Server(directory, "127.0.0.1:0", PROJECT_BOLT=settings) as server,
        server.connect() as idle,
        server.connect() as head,
        server.connect() as body,
    ):
        head.send(b"GET /hello HT")
        body.send(request("POST", "/echo", "Content-Length: 3") + b"a")
        time.sleep(3 * LENGTH)
        assert idle.send(request("GET", "/hello")).answer().status == 200
        assert head.send(b"TP/1.1\r\nHost: a\r\n\r\n").answer().status == 200
        assert body.send(b"bc").answer().body == b"3:abc"
