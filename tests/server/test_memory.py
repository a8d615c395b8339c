"""Bad requests leave no memory behind."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests.server.harness import Server, post, request

MARGIN = 4 * 1024
"""KiB that 3,000 bad requests of a kind may leave behind: what malloc keeps. 1.4 KiB kept for each would show."""
MARGIN_LARGE = 48 * 1024
"""KiB that bodies beyond the limit of 8 MiB may leave behind: one of them with room for its copies."""


@pytest.mark.parametrize(
    "make",
    [
        lambda number: post("/typed/person", b"{" + b"x" * (number % 5000)),
        lambda number: post("/typed/any", b"[" * (1000 + number % 5000)),
        lambda number: request("GET", f"/typed/query?n={number}x&" + "a=%ff&" * 100),
        lambda number: request("GET", f"/nowhere/{number}/" + "y" * 2000),
        lambda number: b"GET /" + b"z" * (number % 3000) + b"\x00 HTTP/1.1\r\n\r\n",
        None,
    ],
    ids=["malformed JSON", "nesting", "query", "unknown paths", "no HTTP", "cut bodies"],
)
def test_three_thousand_bad_requests_leave_nothing_behind(server: Server, make: Callable[[int], bytes] | None) -> None:
    for number in range(300):
        send(server, make, number)
    before = server.resident()
    with server.log_of() as written:
        for number in range(3000):
            send(server, make, number)
    assert "Traceback" not in written()
    assert len(written().splitlines()) <= 3000
    server.assert_well()
    assert server.resident() - before < MARGIN


def send(server: Server, make: Callable[[int], bytes] | None, number: int) -> None:
    """Send a bad request; without `make` one whose body is cut off."""
    if make is None:
        with server.connect() as wire:
            wire.send(request("POST", "/typed/person", "Content-Length: 1000") + b"x" * (number % 1000))
        if number % 20 == 0:
            # Keeps this client from getting far ahead: connections that wait to be seen closed take memory too.
            server.assert_well()
        return
    response = server.ask(make(number))
    assert response is None or 400 <= response.status < 500


def test_oversized_bodies_leave_nothing_behind(server: Server) -> None:
    chunk = b"100000\r\n" + b" " * 1_048_576 + b"\r\n"
    head = request("POST", "/echo", "Transfer-Encoding: chunked")
    before = server.resident()
    for _ in range(10):
        with server.connect() as wire:
            wire.send(head)
            for _ in range(12):
                wire.send(chunk)
    server.assert_well()
    assert server.resident() - before < MARGIN_LARGE


def test_an_idle_kept_connection_takes_at_most_sixteen_kibibytes(server: Server) -> None:
    data = request("GET", "/hello", "X-Head: " + 950 * "x")
    with ExitStack() as stack:

        def connect(count: int) -> None:
            for _ in range(count):
                assert stack.enter_context(server.connect()).send(data).answer().status == 200

        connect(200)
        before = server.resident()
        connect(600)
        assert (server.resident() - before) / 600 <= 16
