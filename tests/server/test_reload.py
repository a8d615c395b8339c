"""SIGHUP: a fresh interpreter takes over, or what served before goes on; no request is lost either way."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.server.harness import PROJECT, Server, eventually
from tests.server.load import Load
from tests.server.test_processes import children, runs, workers

MakeServer = Callable[..., Server]


def copy(tmp_path: Path) -> Path:
    """Return a copy of the project that may be changed."""
    return Path(shutil.copytree(PROJECT, tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__")))


def hang_up(server: Server, generation: int, says: str = "serves.") -> None:
    """Ask for a generation and wait until it serves (or what else is said of it)."""
    server.process.send_signal(signal.SIGHUP)

    def said() -> bool:
        lines = [line for line in server.log().splitlines() if f"Generation {generation} " in line]
        return any(says in line for line in lines)

    eventually(said, timeout=30)


def test_three_reloads_and_a_stop_lose_no_request(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0", "--processes", "2") as server:
        first = workers(server, 2)
        with Load(server.port) as load:
            for generation in (2, 3, 4):
                hang_up(server, generation)
            eventually(lambda: not any(map(runs, first)))
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(20) == 0
        assert load.failures == []
        assert len(load.answered) == 8, "each generation has two workers"
        assert load.refused > 0


def test_a_reload_serves_changed_code_from_the_same_service(make_server: MakeServer, tmp_path: Path) -> None:
    project = copy(tmp_path)
    api = project / "mysite" / "bolt_api.py"
    with make_server("127.0.0.1:0", project=project) as server:
        before = server.worker
        api.write_text(api.read_text().replace('"mysite.bolt_api"', '"changed"') + "\n1 / 0\n")
        hang_up(server, 2, "What served before goes on.")
        assert "ZeroDivisionError" in server.log()
        assert int(server.get("/pid").body) == before
        api.write_text(api.read_text().replace("\n1 / 0\n", "\n"))
        hang_up(server, 3)
        eventually(lambda: not runs(before))
        assert int(server.get("/pid").body) != before
        assert b"changed" in server.get("/second/ping").body
        assert server.end() == 0


def test_a_later_generation_ends_with_the_service(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0", "--processes", "2") as server:
        hang_up(server, 2)
        eventually(lambda: len(children(server.process.pid)) == 1)
        found = {*children(server.process.pid), *workers(server, 2)}
        server.end(signal.SIGKILL)
        eventually(lambda: not any(map(runs, found)))


def test_a_generation_that_is_lost_is_replaced(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0") as server:
        hang_up(server, 2)
        eventually(lambda: len(children(server.process.pid)) == 1)
        lost = server.get("/pid").body
        children_before = children(server.process.pid)
        os.kill(children_before[0], signal.SIGKILL)
        eventually(lambda: "Generation 3 (" in server.log(), timeout=30)
        assert eventually(lambda: server.get("/pid").body) != lost
