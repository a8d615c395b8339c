"""The access log of a real server: what a line says, what it never says, and that it costs no request anything."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.server.harness import Server, Wire, eventually, free_port, post, request

MakeServer = Callable[..., Server]
LOCAL = "127.0.0.1:0"
COMBINED = re.compile(
    r'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "(?P<line>[^"]*)" (?P<status>\d{3}) '
    r'(?P<bytes>\d+|-) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)" (?P<duration>\d+\.\d{3}) (?P<id>[A-Za-z0-9._-]+)'
)


def logged(server: Server, count: int) -> list[str]:
    """Return the first lines of the access log, once there are so many."""
    return eventually(lambda: lines if len(lines := server.access_log()) >= count else None)  # type: ignore[no-any-return]


def test_a_combined_line(make_server: MakeServer) -> None:
    with make_server(LOCAL) as server:
        server.get("/hello?a=1", "Referer: https://a.example/x", "User-Agent: probe/1 (a b)", "X-Request-ID: one")
        found = COMBINED.fullmatch(logged(server, 1)[0])
    assert found is not None
    assert found["line"] == "GET /hello?a=1 HTTP/1.1"
    assert (found["status"], found["bytes"], found["id"]) == ("200", "19", "one")
    assert (found["referer"], found["agent"]) == ("https://a.example/x", "probe/1 (a b)")


def test_a_json_line(make_server: MakeServer) -> None:
    with make_server(LOCAL, PROJECT_BOLT='{"ACCESS_LOG": "json"}') as server:
        server.get("/slow?seconds=0.05", "User-Agent: probe/1", "X-Request-ID: one")
        event = json.loads(logged(server, 1)[0])
    assert 50 <= event.pop("duration_ms") < 10_000
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event.pop("time"))
    assert event == {
        "client": "127.0.0.1",
        "method": "GET",
        "path": "/slow",
        "query": "seconds=0.05",
        "protocol": "HTTP/1.1",
        "status": 200,
        "bytes": 18,
        "referer": None,
        "user_agent": "probe/1",
        "request_id": "one",
    }


def test_every_answer_is_logged_but_those_about_health(make_server: MakeServer) -> None:
    asked = [
        ("GET /hello", 200),
        ("GET /nowhere", 404),
        ("DELETE /hello", 405),
        ("GET /typed/number/x", 422),
        ("GET /with-slash", 308),
        ("GET /fails/async", 500),
        ("OPTIONS /hello", 204),
    ]
    with make_server(LOCAL) as server:
        for what, status in asked:
            method, path = what.split()
            for probe in ("/health", "/ready"):
                server.get(probe)
            response = server.ask(request(method, path))
            assert response is not None
            assert response.status == status
        with server.connect() as wire:
            assert wire.send(request("HEAD", "/hello")).answer(head=True).status == 200
        lines = [COMBINED.fullmatch(line) for line in logged(server, len(asked) + 1)]
    assert [(line["line"], int(line["status"])) for line in lines if line] == [
        *((f"{what} HTTP/1.1", status) for what, status in asked),
        ("HEAD /hello HTTP/1.1", 200),
    ]
    assert lines[-1] is not None
    assert lines[-1]["bytes"] == "0"


def test_what_is_refused_before_there_is_a_request_is_logged(make_server: MakeServer) -> None:
    with make_server(LOCAL, PROJECT_BOLT='{"HEAD_TIMEOUT": 0.2}') as server:
        with server.connect() as late:
            assert late.send(b"GET /hello HTTP/1.1\r\nHost:").answer().status == 408
        assert server.get("/hello", "X-Long: " + "a" * 40_000).status == 431
        lines = logged(server, 2)
    with make_server(LOCAL, PROJECT_BOLT='{"MAX_CONNECTIONS": 1}') as server, server.connect() as kept:
        assert kept.send(request("GET", "/hello")).answer().status == 200
        assert server.get("/hello").status == 503
        lines += logged(server, 2)[1:]
    found = [line for line in map(COMBINED.fullmatch, lines) if line is not None]
    assert [(line["status"], line["line"], line["id"]) for line in found] == [
        ("408", "- - -", "-"),
        ("431", "- - -", "-"),
        ("503", "- - -", "-"),
    ]


def test_a_client_that_left_is_logged(make_server: MakeServer) -> None:
    with make_server(LOCAL) as server:
        with server.connect() as wire:
            wire.send(request("GET", "/slow?seconds=30"))
            time.sleep(0.2)
        found = COMBINED.fullmatch(logged(server, 1)[0])
    assert found is not None
    assert (found["line"], found["status"], found["bytes"]) == ("GET /slow?seconds=30 HTTP/1.1", "499", "-")


@pytest.mark.parametrize("format", ["combined", "json"])
def test_nothing_that_a_client_sends_makes_a_second_line(make_server: MakeServer, format: str) -> None:
    hostile = b'"\x1b[2Jx \\ \xe2\x80\xae \xc2\x85 \xff'
    targets = [b"/hello?%0d%0a127.0.0.1 - - forged", b"/\xe2\x80\xae\xc2\x9b31m", b"/%1b[31m%0a", b'/a"b\\c']
    with make_server(LOCAL, PROJECT_BOLT=json.dumps({"ACCESS_LOG": format})) as server:
        server.get("/hello", b"User-Agent: " + hostile, b"Referer: " + hostile, b"X-Request-ID: a b")
        for target in targets:
            server.ask(request("GET", target.replace(b" ", b"%20")))
        server.get("/last")
        eventually(lambda: any("/last" in line for line in server.access_log()))
        lines = server.access_log()
    assert len(lines) <= len(targets) + 2
    for line in lines:
        assert line.isascii()
        assert line.isprintable()
        if format == "combined":
            assert COMBINED.fullmatch(line), line
        else:
            assert "request_id" in json.loads(line)


def test_no_secret_reaches_the_log(make_server: MakeServer) -> None:
    canary = "c4n4ry"
    with make_server(LOCAL, PROJECT_BOLT='{"ACCESS_LOG_MASK": ["token", "Pass"]}') as server:
        server.get(f"/hello?token={canary}&a=1&PASS={canary}&%74oken={canary}")
        server.get("/hello", f"Authorization: Bearer {canary}", f"Cookie: sessionid={canary}")
        server.get("/hello", f"Referer: https://me:{canary}@a.example/?token={canary}#pass={canary}")
        server.ask(post(f"/echo?token={canary}", canary.encode()))
        server.get(f"/fails/def?token={canary}")
        lines = logged(server, 5)
    assert canary not in "\n".join(lines)
    assert "/hello?token=***&a=1&PASS=***&%74oken=***" in lines[0]


def test_lines_go_to_standard_output_by_default(make_server: MakeServer) -> None:
    with make_server(LOCAL, PROJECT_ACCESS_LOG="") as server:
        server.get("/hello")
        assert eventually(lambda: '"GET /hello HTTP/1.1" 200 19' in server.log())


def test_off_writes_nothing(make_server: MakeServer) -> None:
    with make_server(LOCAL, PROJECT_BOLT='{"ACCESS_LOG": "off"}') as server:
        server.get("/hello")
    assert server.access_log() == []
    assert "/hello" not in server.log()


def test_a_file_is_appended_to_and_holds_the_last_line_before_the_end(make_server: MakeServer) -> None:
    with make_server(LOCAL) as server:
        server.access_log_path.write_text("what was there\n")
        server.get("/hello")
        assert server.end(signal.SIGTERM) == 0
    # It ended at once: the line did not wait for its time.
    before, line = server.access_log()
    assert before == "what was there"
    assert '"GET /hello HTTP/1.1" 200' in line


def test_python_logging(make_server: MakeServer) -> None:
    with make_server(
        LOCAL,
        PROJECT_BOLT='{"ACCESS_LOG": "logging"}',
        PROJECT_LOG_FORMAT="LOG %(levelname)s %(name)s %(message)s id=%(request_id)s",
    ) as server:
        server.get("/hello?token=abc", "X-Request-ID: one")
        line = 'LOG INFO django_bolt.access "GET /hello?token=*** HTTP/1.1" 200 19 id=one'
        assert eventually(lambda: line in server.log())


class Piped:
    """A server whose standard output is a pipe that holds little and is not read."""

    def __init__(self, directory: Path, **environment: str) -> None:
        server = Server(directory, PROJECT_ACCESS_LOG="", **environment)
        self.port = free_port()
        self.end, write = os.pipe()
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
        with (directory / "stderr").open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "runbolt", f"127.0.0.1:{self.port}"],
                cwd=server.project,
                env=server.environment,
                stdin=subprocess.DEVNULL,
                stdout=write,
                stderr=stderr,
            )
        os.close(write)
        eventually(self.serves, timeout=30)

    def serves(self) -> bool:
        # It listens before it has said so: an answer comes behind everything that is written at start.
        try:
            with Wire(self.port) as wire:
                return wire.send(request("GET", "/pid")).answer().status == 200
        except ConnectionRefusedError:
            return False

    def ask(self, count: int, target: str) -> None:
        with Wire(self.port) as wire:
            for _ in range(count):
                assert wire.send(request("GET", target)).answer().status == 200

    def read(self, until: Callable[[bytes], Any]) -> str:
        """Read the pipe until what was read says enough."""
        read = b""
        while not until(read):
            piece = os.read(self.end, 65_536)
            assert piece, read[-2000:]
            read += piece
        return read.decode()

    def __enter__(self) -> Piped:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            assert self.process.wait(timeout=20) == 0
        finally:
            self.process.kill()


def test_a_blocked_destination_costs_lines_which_are_counted_and_no_request(tmp_path: Path) -> None:
    total = 600
    with Piped(tmp_path) as server:
        server.ask(total, f"/hello?{'x' * 2000}")
        # It is read again: what waited comes, then the number of those that did not, then the new one.
        waited = server.read(lambda read: read.count(b"/hello?") >= 250)
        server.ask(1, "/hello?last")
        waited += server.read(lambda read: b"/hello?last" in read)
        dropped = re.findall(r"access log: (\d+) lines dropped", waited)
        assert len(dropped) == 1
        assert waited.count("/hello?x") + int(dropped[0]) == total
        os.close(server.end)
        server.ask(5, "/hello")


def test_a_closed_destination_costs_no_request(tmp_path: Path) -> None:
    with Piped(tmp_path) as server:
        os.close(server.end)
        server.ask(3, "/hello")
        assert eventually(lambda: b"The access log cannot be written" in (tmp_path / "stderr").read_bytes())
        server.ask(3, "/hello")
    assert (tmp_path / "stderr").read_bytes().count(b"The access log") == 1
