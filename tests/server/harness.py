"""What the tests over real sockets share: a started `runbolt`, and a client that sends the very bytes it is given."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

PROJECT = Path(__file__).parent / "project"
START_TIMEOUT = 30.0
"""Seconds a server may take to start; generous, for a machine with other work to do."""
ANSWER_TIMEOUT = 15.0
"""Seconds any answer may take."""


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(check: Callable[[], Any], *, timeout: float = 10.0) -> Any:
    """Return the first true value of `check()`; fail after `timeout` seconds with the last one."""
    deadline = time.monotonic() + timeout
    while not (value := check()):
        assert time.monotonic() < deadline, f"still {value!r} after {timeout} s"
        time.sleep(0.02)
    return value


@dataclass
class Response:
    """One answer, as it was on the wire."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the value of a header that stands there at most once."""
        values = [value for key, value in self.headers if key == name.lower()]
        assert len(values) < 2, f"{name} stands there {len(values)} times"
        return values[0] if values else None


class Wire:
    """One connection: sends bytes as they are given and reads whole answers."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection((host, port), timeout=ANSWER_TIMEOUT)
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, data: bytes) -> Wire:
        """Send; a server that closed meanwhile is no error, for its answer may be waiting."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)
        return self

    def read(self, *, head: bool = False) -> Response | None:
        """Return the next answer, `None` where the connection was closed before one; `head`: it has no body."""
        try:
            return self._read(head)
        except ConnectionResetError:
            return None

    def answer(self, *, head: bool = False) -> Response:
        """Return the next answer, which has to come."""
        response = self.read(head=head)
        assert response is not None, "the connection was closed without an answer"
        return response

    def _read(self, head: bool) -> Response | None:
        line = self._file.readline()
        if not line:
            return None
        status = int(line.split(b" ", 2)[1])
        headers = []
        while (field := self._file.readline()) not in (b"\r\n", b""):
            name, _, value = field.decode("latin-1").partition(":")
            headers.append((name.lower(), value.strip()))
        response = Response(status, headers, b"")
        if not head and status >= 200 and status not in (204, 304):
            response.body = self._body(response)
        return response

    def _body(self, response: Response) -> bytes:
        length = response.header("content-length")
        if length is not None:
            return self._file.read(int(length))
        if response.header("transfer-encoding") == "chunked":
            chunks = []
            while size := int(self._file.readline(), 16):
                chunks.append(self._file.read(size))
                self._file.readline()
            self._file.readline()
            return b"".join(chunks)
        return self._file.read()

    def closed(self, *, timeout: float = ANSWER_TIMEOUT) -> bool:
        """Tell whether the server closes the connection, with nothing more to read, within `timeout` seconds."""
        self.socket.settimeout(timeout)
        try:
            return self._file.read(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def close(self, *, reset: bool = False) -> None:
        """Close; `reset`: with RST, as a client does that crashed."""
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._file.close()
        self.socket.close()


def request(
    method: str, target: str | bytes, *headers: str | bytes, body: bytes | None = None, host: str = "localhost"
) -> bytes:
    """Return the bytes of a request; nothing in it is checked or escaped."""
    lines = [b" ".join([method.encode(), target if isinstance(target, bytes) else target.encode(), b"HTTP/1.1"])]
    lines.append(b"Host: " + host.encode())
    lines += [line if isinstance(line, bytes) else line.encode() for line in headers]
    if body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", body or b""])


def post(target: str, body: bytes, content_type: str = "application/json") -> bytes:
    """Return the bytes of a POST."""
    return request("POST", target, f"Content-Type: {content_type}", body=body)


class Server:
    """A `manage.py runbolt` of its own process; what it writes goes to a file.

    `databases` is the project's `DATABASES` in place of the SQLite file in `directory`, with
    `postgresql.settings(make_database())` for a PostgreSQL; `environment` are further environment variables.
    """

    def __init__(
        self,
        directory: Path,
        *arguments: str,
        project: Path = PROJECT,
        databases: dict[str, dict[str, Any]] | None = None,
        **environment: str,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.log_path = directory / "server.log"
        self.events_path = directory / "events"
        self.access_log_path = directory / "access.log"
        self.database = directory / "db.sqlite3"
        self.databases = databases
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "mysite.settings",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PROJECT_DATABASE": str(self.database),
            "PROJECT_EVENTS": str(self.events_path),
            # Apart from everything else that is written; "": to standard output, as is the default.
            "PROJECT_ACCESS_LOG": str(self.access_log_path),
            **({"PROJECT_DATABASES": json.dumps(databases)} if databases else {}),
            **environment,
        }
        self.project = project
        self.arguments = arguments
        self.port = 0
        self.process: subprocess.Popen[bytes]
        self._worker: int | None = None

    @property
    def worker(self) -> int:
        """Return the process that answered first: the one that answers, where there is one worker."""
        if self._worker is None:
            self._worker = int(self.get("/pid").body)
        return self._worker

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command of the project to its end."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=START_TIMEOUT,
            check=False,
        )

    def migrate(self) -> Server:
        """Make the project's tables in every database that it has."""
        aliases = self.databases or {"default": {}}
        for alias in aliases:
            made = self.manage("migrate", "--run-syncdb", "--verbosity", "0", "--database", alias)
            assert made.returncode == 0, made.stderr
        return self

    def launch(self) -> Server:
        """Start the process and return at once."""
        self._worker = None
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "runbolt", *self.arguments],
                cwd=self.project,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self

    def __enter__(self) -> Server:
        self.launch()
        try:
            self.port = self.wait_for_banner()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()

    def wait_for_banner(self, *, after: int = 0) -> int:
        """Return the port that the banner names; only text behind offset `after` of the log counts."""

        def banner() -> re.Match[str] | None:
            text = self.log()[after:]
            assert self.process.poll() is None, f"the server ended with {self.process.returncode}:\n{text}"
            return re.search(r"^Serving \d+ routes at https?://[^/]*:(\d+)/\n(?:.*\n)*?Quit the server", text, re.M)

        return int(eventually(banner, timeout=START_TIMEOUT)[1])

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait for the end and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server outlived signal {number}:\n{self.log()}") from None

    def log(self) -> str:
        """Return everything written so far."""
        return self.log_path.read_text(errors="replace")

    @contextmanager
    def log_of(self, *, settle: float = 0.1) -> Iterator[Callable[[], str]]:
        """Give a function that returns what was written since the block began."""
        start = len(self.log())

        def written() -> str:
            time.sleep(settle)
            return self.log()[start:]

        yield written

    def access_log(self) -> list[str]:
        """Return the lines of the access log so far."""
        return self.access_log_path.read_text().splitlines() if self.access_log_path.exists() else []

    def events(self) -> list[str]:
        """Return the events that the project noted, without their process ids."""
        if not self.events_path.exists():
            return []
        return [line.split(" ", 1)[1] for line in self.events_path.read_text().splitlines()]

    def connect(self) -> Wire:
        """Return a new connection."""
        return Wire(self.port)

    def ask(self, data: bytes, *, head: bool = False) -> Response | None:
        """Send bytes on a connection of their own and return the answer, `None` where there is none."""
        with self.connect() as wire:
            return wire.send(data).read(head=head)

    def get(self, target: str | bytes, *headers: str | bytes) -> Response:
        """Return the answer to a GET, which has to come."""
        response = self.ask(request("GET", target, *headers))
        assert response is not None, f"no answer for {target!r}"
        return response

    @contextmanager
    def connect_each(self, processes: int = 2) -> Iterator[list[Wire]]:
        """Give a connection to each process."""
        with ExitStack() as stack:
            wires: dict[bytes, Wire] = {}

            def all_found() -> bool:
                wire = stack.enter_context(self.connect())
                wires[wire.send(request("GET", "/pid")).answer().body] = wire
                return len(wires) == processes

            eventually(all_found)
            yield list(wires.values())

    def url(self, path: str) -> str:
        """Return the address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def assert_well(self) -> None:
        """Fail unless another connection is answered as ever, by the same process."""
        worker = self.worker
        response = self.get("/pid")
        assert (response.status, int(response.body)) == (200, worker)

    def resident(self) -> int:
        """Return the process's resident memory in KiB."""
        status = Path(f"/proc/{self.worker}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1])
