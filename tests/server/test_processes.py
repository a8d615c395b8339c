"""Several processes behind one socket: who answers, who is replaced, and how everything ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.server.harness import Server, eventually, request
from tests.server.load import Load

MakeServer = Callable[..., Server]


def workers(server: Server, count: int) -> set[int]:
    """Return the processes that answer, once there are so many."""
    found: set[int] = set()

    def asked() -> bool:
        found.add(int(server.get("/pid").body))
        return len(found) >= count

    eventually(asked, timeout=20)
    return found


def children(pid: int) -> list[int]:
    """Return the processes that a process started."""
    with suppress(OSError):
        return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def runs(pid: int) -> bool:
    """Tell whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_every_process_answers_and_ends_with_the_first(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0", "--processes", "3") as server:
        found = workers(server, 3)
        assert found == set(children(server.process.pid))
        started = time.monotonic()
        assert server.end() == 0
        assert time.monotonic() - started < 5
        assert not any(map(runs, found))
        assert "Traceback" not in server.log()


def test_a_killed_worker_loses_what_it_had_in_hand_and_is_replaced(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0", "--processes", "2") as server:
        victim = workers(server, 2).pop()
        with Load(server.port) as load:
            time.sleep(0.3)
            os.kill(victim, signal.SIGKILL)
            eventually(lambda: len(children(server.process.pid)) == 2 and victim not in children(server.process.pid))
            time.sleep(0.7)
        assert len(load.failures) <= load.clients, load.failures
        assert victim not in workers(server, 2)
        assert "ended by SIGKILL; another starts" in server.log()


def test_workers_end_when_their_supervisor_is_killed(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0", "--processes", "2") as server:
        found = workers(server, 2)
        server.end(signal.SIGKILL)
        eventually(lambda: not any(map(runs, found)))


def test_a_worker_that_crashes_again_and_again_is_replaced_ever_later(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0") as server:
        for _ in range(4):
            assert server.ask(request("GET", "/process/exit")) is None
        assert server.get("/hello").status == 200
        for delay in ("0.1", "0.2", "0.4", "0.8"):
            assert f"ended with status 1; another starts in {delay} s" in server.log()


def test_requests_that_outlast_the_graceful_timeout_are_lost(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0", "--graceful-timeout", "0.3") as server, server.connect() as wire:
        server.assert_well()
        wire.send(request("GET", "/slow?seconds=30"))
        server.assert_well()
        started = time.monotonic()
        assert server.end() == 0
        assert time.monotonic() - started < 10


def test_a_second_stop_ends_at_once(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0") as server, server.connect() as wire:
        wire.send(request("GET", "/slow?seconds=30"))
        worker = server.worker
        server.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert server.process.poll() is None
        assert server.end(signal.SIGINT) == 0
        assert wire.read() is None
        assert not runs(worker)


def test_quit_ends_at_once(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0") as server, server.connect() as wire:
        wire.send(request("GET", "/slow?seconds=30"))
        worker = server.worker
        assert server.end(signal.SIGQUIT) == 0
        assert wire.read() is None
        assert not runs(worker)


def test_the_service_manager_is_told_of_start_reload_and_stop(make_server: MakeServer, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)

        def told() -> dict[str, str]:
            return dict(line.split("=", 1) for line in manager.recv(4096).decode().splitlines())

        with make_server("127.0.0.1:0", NOTIFY_SOCKET=str(tmp_path / "notify")) as server:
            first = told()
            assert first["READY"] == "1" and int(first["MAINPID"]) == server.process.pid
            server.process.send_signal(signal.SIGHUP)
            reloading = told()
            assert reloading["RELOADING"] == "1" and int(reloading["MONOTONIC_USEC"]) > 0
            again = told()
            assert again["READY"] == "1" and runs(int(again["MAINPID"]))
            server.process.send_signal(signal.SIGTERM)
            assert told()["STOPPING"] == "1"


def test_the_last_answer_says_that_the_connection_closes(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0") as server, server.connect() as wire:
        wire.send(request("GET", "/slow?seconds=0.5"))
        server.assert_well()
        server.process.send_signal(signal.SIGTERM)
        assert wire.answer().header("connection") == "close"


def test_the_hook_is_called_in_each_worker(make_server: MakeServer) -> None:
    bolt = json.dumps({"POST_FORK": "mysite.api.worker_begins", "PROCESSES": 2})
    with make_server("127.0.0.1:0", PROJECT_BOLT=bolt) as server:
        found = workers(server, 2)
        lines = [line for line in server.events_path.read_text().splitlines() if "post_fork" in line]
        assert {int(line.split()[0]) for line in lines} == found
        assert {line.split()[-1] for line in lines} == {"1", "2"}


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_worker_that_cannot_start_ends_the_command(make_server: MakeServer, processes: str) -> None:
    bolt = json.dumps({"POST_FORK": "mysite.api.worker_refuses"})
    refused = make_server(PROJECT_BOLT=bolt).manage("runbolt", "127.0.0.1:0", "--processes", processes)
    assert refused.returncode == 1
    assert 'BOLT["POST_FORK"] raised RuntimeError in worker 1: no room for worker 1' in refused.stderr
    assert "nothing is served" in refused.stderr.splitlines()[-1]
