"""More than a server takes: heads, connections, descriptors; and that it ends at once when nobody asks anything."""

from __future__ import annotations

import json
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.server.harness import Server, Wire, eventually, request

TOO_LARGE = b'{"detail":"Request Header Fields Too Large"}'


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes heads of 2,000 bytes and 10 fields, and 5 connections."""
    settings = {"MAX_HEAD": 2000, "MAX_FIELDS": 10, "MAX_CONNECTIONS": 5, "MAX_URL": 1500}
    directory = tmp_path_factory.mktemp("strict")
    with Server(directory, "127.0.0.1:0", PROJECT_BOLT=json.dumps(settings)) as running:
        yield running
        running.assert_well()
        assert "LOG" not in running.log()


def padded(length: int) -> bytes:
    """Return a request whose head has so many bytes."""
    rest = length - len(request("GET", "/hello", "X: "))
    made = request("GET", "/hello", "X: " + rest * "x")
    assert len(made) == length
    return made


def test_a_head_of_the_limit_is_taken(strict: Server) -> None:
    with strict.connect() as wire:
        for _ in range(2):
            assert wire.send(padded(2000)).answer().status == 200


@pytest.mark.parametrize("length", [2001, 20_000, 500_000])
def test_a_larger_head_is_answered_431(strict: Server, length: int) -> None:
    with strict.connect() as wire:
        assert wire.send(request("GET", "/hello")).answer().status == 200
        response = wire.send(padded(length)).answer()
        assert (response.status, response.body) == (431, TOO_LARGE)
        assert (response.header("connection") or "").lower() == "close"
        assert wire.closed(timeout=5)


def test_a_head_without_end_is_answered_431(strict: Server) -> None:
    with strict.connect() as wire:
        wire.send(b"GET /hello HTTP/1.1\r\nHost: a\r\nX: ")
        for _ in range(3):
            wire.send(900 * b"x")
            time.sleep(0.02)
        assert wire.answer().status == 431


def test_a_target_that_is_larger_than_a_head_may_be_is_answered_414(strict: Server) -> None:
    response = strict.ask(request("GET", "/hello?" + 20_000 * "x"))
    assert response is not None
    assert (response.status, response.body) == (414, b'{"detail":"URI Too Long"}')


def test_a_body_in_one_piece_with_its_head_does_not_count(strict: Server) -> None:
    with strict.connect() as wire:
        for _ in range(2):
            assert wire.send(request("POST", "/echo", body=100_000 * b"x")).answer().status == 200


def test_more_fields_are_answered_431(strict: Server) -> None:
    fields = [f"X-{number}: a" for number in range(10)]
    with strict.connect() as wire:
        assert wire.send(request("GET", "/hello", *fields[:9])).answer().status == 200
        response = wire.send(request("GET", "/hello", *fields)).answer()
        assert (response.status, response.body) == (431, TOO_LARGE)
        assert wire.closed(timeout=5)


def test_the_default_of_fields_is_96(server: Server) -> None:
    fields = [f"X-{number}: a" for number in range(96)]
    assert server.get("/hello", *fields[:95]).status == 200
    assert server.get("/hello", *fields).status == 431


def test_connections_beyond_the_limit_are_answered_503(strict: Server) -> None:
    with ExitStack() as stack:
        wires: list[Wire] = []

        def join() -> bool:
            wire = stack.enter_context(strict.connect())
            try:
                served = wire.send(request("GET", "/hello")).answer().status == 200
            except OSError:
                return False
            wires.extend([wire] if served else [])
            return served

        for _ in range(5):
            # Connections of another test may not have been let go of yet.
            eventually(join)
        for _ in range(300):
            with strict.connect() as refused:
                response = refused.answer()
            assert (response.status, response.body) == (503, b'{"detail":"Service Unavailable"}')
            assert response.header("retry-after") == "1"
            assert (response.header("connection") or "").lower() == "close"
        for wire in wires:
            assert wire.send(request("GET", "/hello")).answer().status == 200
        wires[0].close()
        eventually(lambda: strict.get("/hello").status == 200)


def test_granian_580_accepting_goes_on_after_descriptors_ran_out(make_server: Callable[..., Server]) -> None:
    with make_server("127.0.0.1:0") as server:
        worker = server.worker
        hard = resource.prlimit(worker, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (128, hard))
        with ExitStack() as stack:
            for _ in range(300):
                stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            eventually(lambda: "no connection can be accepted" in server.log())
            time.sleep(0.5)
        begun = time.monotonic()
        assert server.get("/hello").status == 200
        assert time.monotonic() - begun < 2
        assert server.log().count("LOG WARNING django_bolt.server no connection can be accepted") == 1
        server.assert_well()


def test_granian_568_611_kept_connections_do_not_hold_up_the_end(make_server: Callable[..., Server]) -> None:
    with make_server("127.0.0.1:0") as server, ExitStack() as stack:
        wires = [stack.enter_context(server.connect()) for _ in range(50)]
        for wire in wires[:-1]:
            assert wire.send(request("GET", "/hello")).answer().status == 200
        begun = time.monotonic()
        assert server.end(signal.SIGTERM) == 0
        assert time.monotonic() - begun < 2
        assert all(wire.closed(timeout=5) for wire in wires)


def test_what_is_in_flight_is_finished_and_says_that_it_is_the_last(make_server: Callable[..., Server]) -> None:
    with make_server("127.0.0.1:0") as server, server.connect() as wire:
        wire.send(request("GET", "/slow?seconds=0.7"))
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        response = wire.answer()
        assert (response.status, response.body) == (200, b'{"message":"late"}')
        assert (response.header("connection") or "").lower() == "close"
        assert server.end() == 0
