"""A client that is gone: what runs for it ends, unless it is shielded or on a thread."""

from __future__ import annotations

import itertools
import json

import pytest

from tests.server.harness import Server, eventually, request

NUMBERS = itertools.count()


def events(server: Server, tag: str) -> list[str]:
    listed: list[str] = json.loads(server.get(f"/cancelled/events/{tag}").body)
    return listed


def leave(server: Server, handler: str, *, reset: bool, data: bytes | None = None) -> str:
    """Leave once the handler has started; return its tag."""
    tag = f"{handler}-{next(NUMBERS)}"
    wire = server.connect()
    wire.send(data or request("GET", f"/cancelled/{handler}/{tag}"))
    eventually(lambda: events(server, tag) == ["started"])
    wire.close(reset=reset)
    return tag


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_a_coroutine_is_cancelled_and_its_finally_runs(server: Server, reset: bool) -> None:
    with server.log_of() as written:
        tag = leave(server, "coroutine", reset=reset)
        eventually(lambda: events(server, tag) == ["started", "cancelled", "finally"], timeout=5)
    assert written() == ""


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_a_generator_that_a_coroutine_reads_is_closed(server: Server, reset: bool) -> None:
    tag = leave(server, "generator", reset=reset)
    eventually(lambda: events(server, tag) == ["started", "generator closed"], timeout=5)


@pytest.mark.parametrize("handler", ["shielded", "def"])
def test_a_shielded_coroutine_and_a_thread_go_on(server: Server, handler: str) -> None:
    with server.log_of() as written:
        tag = leave(server, handler, reset=False)
        eventually(lambda: events(server, tag) == ["started", "done"], timeout=5)
    assert written() == ""


def test_a_hundred_clients_that_leave_at_once(server: Server) -> None:
    wires = [server.connect() for _ in range(100)]
    tags = [f"many-{number}" for number in range(100)]
    for wire, tag in zip(wires, tags, strict=True):
        wire.send(request("GET", f"/cancelled/coroutine/{tag}"))
    eventually(lambda: all(events(server, tag) == ["started"] for tag in tags))
    for wire in wires:
        wire.close(reset=True)
    eventually(lambda: all(events(server, tag)[-1] == "finally" for tag in tags))
    server.assert_well()


def test_a_second_request_of_the_connection_that_left_never_starts(server: Server) -> None:
    first = request("GET", "/cancelled/coroutine/first")
    with server.connect() as wire:
        wire.send(first + request("GET", "/cancelled/coroutine/second"))
        eventually(lambda: events(server, "first") == ["started"])
    eventually(lambda: events(server, "first")[-1] == "finally")
    assert events(server, "second") == []


@pytest.mark.parametrize("number", range(3))
def test_a_client_that_stays_gets_its_answer(server: Server, number: int) -> None:
    with server.connect() as wire:
        assert wire.send(request("GET", "/slow?seconds=0.2")).answer().status == 200
        assert wire.send(request("GET", "/hello")).answer().status == 200
