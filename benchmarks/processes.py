"""Servers as processes: started on one core, read through /proc, ended by their pid.

What they serve and what is sent to them is decided elsewhere.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 10.0
IDLE_SECONDS = 5.0
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class ServerFailed(RuntimeError):
    """A server that did not start, or ended before it was told to; the message has the end of its log."""


@dataclass(frozen=True, kw_only=True)
class Launch:
    """How one server is started: a command, the directory it runs in, and the whole of its environment."""

    command: list[str]
    directory: Path
    environment: dict[str, str]


@dataclass(frozen=True)
class ProcessStat:
    """What /proc/<pid>/stat says: `cpu` in seconds (user and system, reaped children included), `rss` in bytes.

    `started`, in ticks since boot, tells a process from a later one with the same pid.
    """

    pid: int
    parent: int
    cpu: float
    started: int
    rss: int


def free_port() -> int:
    """Return a loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def parse_stat(text: str) -> ProcessStat:
    """Parse one line of /proc/<pid>/stat; the command in it may hold spaces and parentheses."""
    pid, _, rest = text.partition(" ")
    fields = rest.rpartition(")")[2].split()
    # proc(5) counts from 1 and `fields` starts at its third: utime stime cutime cstime are 14 to 17, starttime 22,
    # rss 24.
    return ProcessStat(
        pid=int(pid),
        parent=int(fields[1]),
        cpu=sum(map(int, fields[11:15])) / TICKS_PER_SECOND,
        started=int(fields[19]),
        rss=int(fields[21]) * PAGE_BYTES,
    )


def process_tree(root: int) -> list[ProcessStat]:
    """Return the process `root` and all its descendants; empty when it is gone."""
    known: dict[int, ProcessStat] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                known[int(entry.name)] = parse_stat((entry / "stat").read_text())
    tree = [known[root]] if root in known else []
    for member in tree:  # grows while it is walked
        tree += [process for process in known.values() if process.parent == member.pid]
    return tree


class Server:
    """A running server, as a context manager; leaving it ends the processes it consists of."""

    def __init__(self, launch: Launch, *, port: int, core: int, log: Path) -> None:
        self.launch = launch
        self.port = port
        self.core = core
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        # taskset replaces itself by the server, so that every thread of it inherits the core.
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                ["taskset", "-c", str(self.core), *self.launch.command],
                cwd=self.launch.directory,
                env=self.launch.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait_until_listening()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The first process of the server; raises ServerFailed when it has ended."""
        if self.process is None or self.process.poll() is not None:
            raise ServerFailed(f"{self.launch.command[:3]} ended by itself; the end of its log:\n{self.log_tail()}")
        return self.process.pid

    def cpu_seconds(self) -> float:
        """CPU time used so far by all processes of the server."""
        return sum(process.cpu for process in process_tree(self.pid))

    def wait_until_idle(self) -> None:
        """Return when the server has finished what its last clients left behind, after five seconds at most.

        Otherwise it would take CPU time from the contestant measured next, on the same core.
        """
        deadline = time.monotonic() + IDLE_SECONDS
        used = self.cpu_seconds()
        while time.monotonic() < deadline:
            time.sleep(0.1)
            before, used = used, self.cpu_seconds()
            if used - before <= 2 / TICKS_PER_SECOND:
                return

    def worker_rss(self) -> int:
        """Resident bytes of the process that has done the most work: the worker, where a parent supervises it."""
        return max(process_tree(self.pid), key=lambda process: process.cpu).rss

    def truncate_log(self) -> None:
        """Empty the log, so that a server that writes a line per request does not fill the disk."""
        os.truncate(self.log, 0)

    def log_tail(self) -> str:
        """The last 2,000 characters the server wrote."""
        return self.log.read_text(errors="replace")[-2000:].strip() or "(empty)"

    def stop(self) -> None:
        """End the server: TERM to its first process, KILL to whatever of its tree is left after ten seconds."""
        if self.process is None or self.process.poll() is not None:
            return
        members = process_tree(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=STOP_SECONDS)
        for member in members[1:]:
            if any(left.started == member.started for left in process_tree(member.pid)[:1]):
                with suppress(ProcessLookupError):
                    os.kill(member.pid, signal.SIGKILL)

    def _wait_until_listening(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            _ = self.pid
            with suppress(OSError), socket.create_connection((HOST, self.port), timeout=1):
                return
            time.sleep(0.05)
        raise ServerFailed(
            f"nothing listened on {HOST}:{self.port} after {START_SECONDS:.0f} s; its log:\n{self.log_tail()}"
        )
