"""Blocking code of a `def` handler holds up nobody, wherever it hides."""

from __future__ import annotations

import statistics
import threading
import time

from tests.server.harness import Response, Server, request

SLEEPERS = 16
BOUND = 0.15
"""Seconds that half of the other requests may take at most: far below the 0.5 s that each sleeper holds a thread."""


def test_sleeping_handlers_hold_up_nobody(server: Server) -> None:
    answers: list[Response] = []

    def sleep() -> None:
        answers.append(server.get("/slow-def?seconds=0.5"))

    sleepers = [threading.Thread(target=sleep) for _ in range(SLEEPERS)]
    for sleeper in sleepers:
        sleeper.start()
    times = []
    with server.connect() as wire:
        while any(sleeper.is_alive() for sleeper in sleepers):
            start = time.perf_counter()
            assert wire.send(request("GET", "/hello")).answer().status == 200
            times.append(time.perf_counter() - start)
            time.sleep(0.005)
    for sleeper in sleepers:
        sleeper.join()
    assert [answer.status for answer in answers] == [200] * SLEEPERS
    assert len(times) > 5
    assert statistics.median(times) < BOUND


def test_sleepers_run_beside_each_other(server: Server) -> None:
    """Sixteen times half a second, one after the other, would be eight."""
    start = time.perf_counter()
    wires = [server.connect() for _ in range(SLEEPERS)]
    for wire in wires:
        wire.send(request("GET", "/slow-def?seconds=0.5"))
    for wire in wires:
        assert wire.answer().body == b'{"message":"late"}'
        wire.close()
    assert time.perf_counter() - start < 4


def test_more_than_may_wait_is_answered_503(make_server: object) -> None:
    with make_server("127.0.0.1:0", PROJECT_BOLT='{"THREADS": 1, "THREADS_QUEUE": 1}') as server:  # type: ignore[operator]
        # The thread may still be busy with the start of the project.
        assert server.get("/slow-def?seconds=0").status == 200
        time.sleep(0.2)
        wires = [server.connect() for _ in range(4)]
        for wire in wires:
            wire.send(request("GET", "/slow-def?seconds=0.5"))
        answers = [wire.answer() for wire in wires]
        for wire in wires:
            wire.close()
        assert sorted(answer.status for answer in answers) == [200, 200, 503, 503]
        assert all(answer.header("retry-after") for answer in answers if answer.status == 503)
        server.assert_well()
        assert server.get("/slow-def?seconds=0").status == 200
