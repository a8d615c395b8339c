"""Servers as processes, and what /proc says of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from benchmarks.processes import HOST, Launch, Server, ServerFailed, free_port, parse_stat, process_tree

needs_taskset = pytest.mark.skipif(
    shutil.which("taskset") is None or not sys.platform.startswith("linux"), reason="taskset pins servers on Linux"
)


def server(command: list[str], tmp_path, *, port: int) -> Server:
    launch = Launch(command=command, directory=tmp_path, environment=dict(os.environ))
    return Server(launch, port=port, core=min(os.sched_getaffinity(0)), log=tmp_path / "server.log")


def test_a_command_with_spaces_and_parentheses_is_skipped():
    fields = ["S", "7", *["0"] * 9, "100", "50", "25", "25", *["0"] * 4, "4711", "0", "3"]
    stat = parse_stat(f"42 (a (strange) name) {' '.join(fields)}")
    ticks = os.sysconf("SC_CLK_TCK")
    assert (stat.pid, stat.parent, stat.started) == (42, 7, 4711)
    assert stat.cpu == 200 / ticks
    assert stat.rss == 3 * os.sysconf("SC_PAGE_SIZE")


def test_the_tree_holds_the_process_and_its_descendants():
    child = subprocess.Popen(["sleep", "30"])
    try:
        tree = process_tree(os.getpid())
        assert tree[0].pid == os.getpid()
        assert child.pid in {process.pid for process in tree}
        assert tree[0].rss > 1_000_000
    finally:
        child.kill()
        child.wait()
    assert process_tree(child.pid) == []


@needs_taskset
def test_a_server_runs_on_its_core_and_is_gone_afterwards(tmp_path):
    port = free_port()
    with server([sys.executable, "-m", "http.server", str(port), "--bind", HOST], tmp_path, port=port) as running:
        pid = running.pid
        assert os.sched_getaffinity(pid) == {running.core}
        assert running.cpu_seconds() > 0
        assert running.worker_rss() > 1_000_000
    assert process_tree(pid) == []


@needs_taskset
def test_a_server_that_ends_by_itself_is_reported_with_its_log(tmp_path):
    failing = server([sys.executable, "-c", "raise SystemExit('no database')"], tmp_path, port=free_port())
    with pytest.raises(ServerFailed, match="no database"), failing:
        pass
