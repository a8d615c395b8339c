"""A worker whose loop stands still is ended, with its stacks in the log, and replaced."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from tests.server.harness import Server, eventually, request
from tests.server.load import Load
from tests.server.test_processes import children, workers

MakeServer = Callable[..., Server]


def test_a_blocked_loop_is_ended_with_its_stacks_and_replaced(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0", "--watchdog", "1") as server:
        before = server.worker
        assert server.ask(request("GET", "/process/block?seconds=60")) is None
        assert int(server.get("/pid").body) != before
        assert "did not turn its loop for 1 s" in server.log()
        assert "in block" in server.log()
        assert "ended by SIGABRT; another starts" in server.log()


def test_a_stopped_worker_is_replaced_while_the_other_serves(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0", "--watchdog", "1", "--processes", "2") as server:
        victim = workers(server, 2).pop()
        with Load(server.port) as load:
            os.kill(victim, signal.SIGSTOP)
            eventually(lambda: victim not in children(server.process.pid), timeout=20)
            eventually(lambda: len(children(server.process.pid)) == 2)
        assert len(load.failures) <= load.clients, load.failures
        assert len(load.answered) >= 1
        assert victim not in workers(server, 2)


def test_a_loop_that_turns_is_left_alone(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0", "--watchdog", "1") as server:
        server.assert_well()
        assert server.get("/slow?seconds=2.5").status == 200
        server.assert_well()
