"""A `def` handler and Django's middleware around it, as one job of a thread, in each mode of the database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.server.harness import Response, Server, Wire, request
from tests.server.test_database_modes import start
from tests.server.test_django_middleware import NOBODY, get, served

__all__ = ["served"]

MARKS = "language=de&timezone=Asia/Tokyo"


def ask(server: Server, target: str) -> Response:
    answer = server.ask(request("GET", f"/through{target}"))
    assert answer is not None
    return answer


def test_it_is_on_one_thread_with_one_connection(served: tuple[str, Server]) -> None:
    _, server = served
    there, here = get(server, "/job?do=where")
    assert there == here
    assert here.startswith("bolt-thread-")
    assert get(server, "/job?do=write&tag=in-a-job&atomic") == 1
    assert get(server, "/count?tag=in-a-job") == 1
    # Whatever the mode: the middleware's transaction is on the thread's own connection.
    assert get(server, "/job?do=write&tag=undone-job&atomic&rollback") == 1
    assert get(server, "/count?tag=undone-job") == 0


@pytest.mark.parametrize("do", ["marks", "zero", "odd"])
def test_it_answers_as_the_way_over_the_loop_does(served: tuple[str, Server], do: str) -> None:
    _, server = served
    seen = []
    for way in ("job", "over-loop"):
        answer = ask(server, f"/{way}?do={do}&tag=same&{MARKS}&query")
        before, asked, after, _ = json.loads(answer.header("x-marks") or "null")
        assert (before, asked, after) == (NOBODY, "same", ["same", "de", "Asia/Tokyo", "same"])
        body = json.loads(answer.body)
        if do == "odd":
            # The same thread each time, and not the same one.
            body["there"][0] = body["there"][0].startswith("bolt-thread-")
        seen.append((answer.status, body))
    assert seen[0] == seen[1]
    assert seen[0][0] == {"marks": 200, "zero": 500, "odd": 418}[do]


def test_what_no_thread_is_free_for_passes_through_the_middleware(tmp_path: Path) -> None:
    with start(tmp_path / "server", THREADS=1, THREADS_QUEUE=1) as server:
        wires = [Wire(server.port).send(request("GET", "/through/job?seconds=0.5&tag=a")) for _ in range(4)]
        answers = [wire.answer() for wire in wires]
        assert sorted(answer.status for answer in answers) == [200, 200, 503, 503]
        assert all(answer.header("x-marks") for answer in answers)
        # Nor does a refusal want a thread.
        busy = [Wire(server.port).send(request("GET", "/through/job?seconds=1&tag=a")) for _ in range(2)]
        refused = ask(server, "/job?seconds=x&tag=a")
        marks: Any = json.loads(refused.header("x-marks") or "null")
        assert (refused.status, marks[3].startswith("bolt-thread-")) == (422, False)
        for wire in (*wires, *busy):
            wire.close()
        server.assert_well()
