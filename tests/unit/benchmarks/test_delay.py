"""The proxy that makes a server distant, as a process, in front of a real server."""

from __future__ import annotations

import os
import select
import shutil
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.environment import REPOSITORY
from benchmarks.processes import HOST, Launch, Server, free_port

pytestmark = pytest.mark.skipif(
    not hasattr(select, "epoll") or shutil.which("taskset") is None, reason="the benchmark runs on Linux only"
)
DELAY = 0.05


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while chunk := self.request.recv(65536):
            self.request.sendall(chunk)
        self.request.sendall(b"bye")


class EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def proxy_to(port: int, tmp_path) -> Iterator[int]:
    own = free_port()
    command = [sys.executable, "-m", "benchmarks.delay", "--port", str(own), "--to", str(port)]
    command += ["--milliseconds", str(DELAY * 1000)]
    launch = Launch(command=command, directory=REPOSITORY, environment=dict(os.environ))
    with Server(launch, port=own, core=min(os.sched_getaffinity(0)), log=tmp_path / "delay.log"):
        yield own


@pytest.fixture
def port(tmp_path) -> Iterator[int]:
    """The port of a proxy in front of an echo server that says "bye" after the end."""
    with EchoServer((HOST, 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        with proxy_to(server.server_address[1], tmp_path) as own:
            yield own
        server.shutdown()
        thread.join()


def read_to_end(connection: socket.socket) -> bytes:
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received


def test_an_exchange_takes_twice_the_delay(port):
    with socket.create_connection((HOST, port), timeout=5) as connection:
        started = time.monotonic()
        connection.sendall(b"hello")
        assert connection.recv(100) == b"hello"
        assert time.monotonic() - started >= 2 * DELAY


def test_what_is_sent_later_does_not_wait_for_what_was_sent_before(port):
    with socket.create_connection((HOST, port), timeout=5) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        started = time.monotonic()
        for number in range(20):
            connection.sendall(bytes([number]) * 1000)
            time.sleep(0.002)
        connection.shutdown(socket.SHUT_WR)
        received = read_to_end(connection)
        # One after the other they would take 20 times two delays.
        assert time.monotonic() - started < 20 * DELAY
    assert received == b"".join(bytes([number]) * 1000 for number in range(20)) + b"bye"


def test_connections_do_not_wait_for_each_other(port):
    started = time.monotonic()
    connections = [socket.create_connection((HOST, port), timeout=5) for _ in range(50)]
    for number, connection in enumerate(connections):
        connection.sendall(b"%d" % number)
    for number, connection in enumerate(connections):
        with connection:
            assert connection.recv(100) == b"%d" % number
    assert time.monotonic() - started < 20 * DELAY


def test_without_a_server_the_connection_ends(tmp_path):
    with (
        proxy_to(free_port(), tmp_path) as own,
        socket.create_connection((HOST, own), timeout=5) as connection,
    ):
        assert connection.recv(1) == b""
