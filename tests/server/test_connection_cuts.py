"""A client that leaves at any stage harms nobody else and leaves no line above INFO in the log."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.server.harness import Server, eventually, post, request

BODY = b'{"name": "a", "age": 1}'
WHOLE = post("/typed/person", BODY)
HEAD_END = WHOLE.index(b"\r\n\r\n") + 4


@pytest.fixture(autouse=True)
def unharmed(server: Server) -> Iterator[None]:
    """Whatever the test does to a connection, the next one is served, and the log stays quiet."""
    with server.log_of(settle=0.05) as written:
        yield
        server.assert_well()
        log = written()
    assert "Traceback" not in log
    assert "ERROR" not in log
    assert len(log.splitlines()) <= 1


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize(
    "length",
    [0, 1, 10, HEAD_END - 3, HEAD_END, HEAD_END + 1, len(WHOLE) - 1, len(WHOLE)],
    ids=["after connect", "first byte", "mid line", "mid head", "after head", "mid body", "last byte", "unread answer"],
)
def test_a_request_cut_at_any_stage(server: Server, length: int, reset: bool) -> None:
    for _ in range(5):
        wire = server.connect()
        wire.send(WHOLE[:length])
        wire.close(reset=reset)


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("path", ["/large", "/slow", "/slow-def", "/hello", "/inline"])
def test_a_client_that_leaves_before_or_in_the_middle_of_the_answer(server: Server, path: str, reset: bool) -> None:
    wire = server.connect()
    wire.send(request("GET", path))
    if path == "/large":
        assert wire.socket.recv(1000).startswith(b"HTTP/1.1 200")
    else:
        time.sleep(0.05)
    wire.close(reset=reset)


@pytest.mark.parametrize(
    "chunks",
    [b"zz\r\nabc\r\n0\r\n\r\n", b"-1\r\na\r\n0\r\n\r\n", b"3\r\nabcdef\r\n0\r\n\r\n", b"ffffffffffffffffff\r\na\r\n"],
    ids=["no size", "negative size", "longer than announced", "size beyond 64 bits"],
)
def test_broken_chunks_are_refused_and_nothing_behind_them_is_a_request(server: Server, chunks: bytes) -> None:
    head = request("POST", "/typed/person", "Content-Type: application/json", "Transfer-Encoding: chunked")
    with server.connect() as wire:
        response = wire.send(head + chunks + request("GET", "/typed/number/666")).answer()
        assert (response.status, set(json.loads(response.body))) == (400, {"detail"})
        assert wire.closed(timeout=5)


def test_a_chunked_body_cut_in_the_middle(server: Server) -> None:
    head = request("POST", "/typed/person", "Content-Type: application/json", "Transfer-Encoding: chunked")
    for chunks in (b"", b"5", b"5\r\n", b"5\r\nabc", b"5\r\nabcde\r\n", b"5\r\nabcde\r\n0\r\n"):
        with server.connect() as wire:
            wire.send(head + chunks)


@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_handler_is_not_called_with_half_a_body(server: Server, framing: str) -> None:
    tag = framing.split(":")[0]
    with server.connect() as wire:
        wire.send(request("POST", f"/cancelled/echo/{tag}", "Content-Type: application/json", framing) + b"5\r\nabc")
    time.sleep(0.1)
    assert json.loads(server.get(f"/cancelled/events/{tag}").body) == []


def test_half_closed_after_a_whole_request_is_a_client_that_left(server: Server) -> None:
    """What the server documents: FIN means gone, so that a handler is not run for nobody."""
    import socket

    with server.connect() as wire:
        wire.send(request("GET", "/cancelled/coroutine/half"))
        eventually(lambda: b"started" in server.get("/cancelled/events/half").body)
        wire.socket.shutdown(socket.SHUT_WR)
        eventually(lambda: b"cancelled" in server.get("/cancelled/events/half").body)


def test_three_hundred_idle_connections_hold_nobody_up(server: Server) -> None:
    wires = [server.connect() for _ in range(300)]
    try:
        for wire in wires[::2]:
            wire.send(b"GET /hello HTTP/1.1\r\nHos")
        server.assert_well()
    finally:
        for wire in wires:
            wire.close()
