"""What comes ahead of HTTP: a Unix socket, the PROXY protocol."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.server.harness import Server, eventually, request

MakeServer = Callable[..., Server]
LOCAL = "127.0.0.1:0"
HELLO = request("GET", "/hello")


def version_2(source: str, port: int) -> bytes:
    addresses = socket.inet_aton(source) + socket.inet_aton("10.0.0.1") + struct.pack("!HH", port, 80)
    return b"\r\n\r\n\0\r\nQUIT\n" + b"\x21\x11" + struct.pack("!H", len(addresses)) + addresses


def over_unix(path: Path, data: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(str(path))
        client.sendall(data)
        return client.recv(65536)


def test_requests_over_a_unix_socket_and_what_its_proxy_says(tmp_path: Path, make_server: MakeServer) -> None:
    path = tmp_path / "bolt.sock"
    server = make_server("--unix-socket", str(path), PROJECT_BOLT='{"TRUSTED_PROXIES": ["unix"]}').launch()
    try:
        eventually(path.exists, timeout=20)
        asked = request("GET", "/scheme", "X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https")
        answer = over_unix(path, asked)
        assert answer.startswith(b"HTTP/1.1 200")
        assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {"scheme": "https", "secure": True}
        assert eventually(server.access_log)[0].startswith("203.0.113.7 ")
    finally:
        assert server.end() == 0
    assert not path.exists()


def test_http2_without_tls_over_a_unix_socket(tmp_path: Path, make_server: MakeServer) -> None:
    path = tmp_path / "bolt.sock"
    server = make_server("--unix-socket", str(path)).launch()
    try:
        eventually(path.exists, timeout=20)
        # An empty SETTINGS frame each way is how it begins.
        answer = over_unix(path, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
        assert answer[3] == 4
    finally:
        server.end()


@pytest.mark.parametrize(
    ("header", "client"),
    [
        (b"PROXY TCP4 203.0.113.7 10.0.0.1 5000 80\r\n", "203.0.113.7"),
        (b"PROXY TCP6 2001:db8::7 2001:db8::1 5000 80\r\n", "2001:db8::7"),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
        (version_2("203.0.113.8", 5000), "203.0.113.8"),
    ],
)
def test_the_proxy_protocol_names_the_client(make_server: MakeServer, header: bytes, client: str) -> None:
    with make_server(LOCAL, PROJECT_BOLT='{"PROXY_PROTOCOL": true}') as server, server.connect() as wire:
        for part in (header[:5], header[5:] + HELLO, HELLO):
            wire.send(part)
        assert [wire.answer().status for _ in range(2)] == [200, 200]
        assert [
            line.split()[0] for line in eventually(lambda: len(server.access_log()) > 1 and server.access_log())
        ] == [
            client,
            client,
        ]


@pytest.mark.parametrize(
    "data", [HELLO, b"PROXY TCP4 nowhere 10.0.0.1 5000 80\r\n" + HELLO, b"\r\n\r\n\0\r\nQUIT\n\x31" * 9]
)
def test_what_does_not_begin_so_is_closed(make_server: MakeServer, data: bytes) -> None:
    with make_server(LOCAL, PROJECT_BOLT='{"PROXY_PROTOCOL": true}') as server:
        assert server.ask(data) is None
        with server.connect() as wire:
            assert wire.send(b"PROXY UNKNOWN\r\n" + HELLO).answer().status == 200


def test_who_is_not_trusted_is_served_as_himself(make_server: MakeServer) -> None:
    bolt = {"PROXY_PROTOCOL": True, "TRUSTED_PROXIES": ["10.0.0.0/8"]}
    with make_server(LOCAL, PROJECT_BOLT=json.dumps(bolt)) as server:
        assert server.get("/hello").status == 200
        refused = server.ask(b"PROXY TCP4 203.0.113.7 10.0.0.1 5000 80\r\n" + HELLO)
        assert refused is None or refused.status == 400
