"""HTTPS: a certificate, both versions of HTTP over it, and what is no TLS at all."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import trustme

from tests.server.harness import Server, eventually, request

MakeServer = Callable[..., Server]
LOCAL = "127.0.0.1:0"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def files(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    directory = tmp_path_factory.mktemp("tls")
    certificate, key = directory / "chain.pem", directory / "key.pem"
    issued = authority.issue_cert("localhost", "127.0.0.1")
    for blob in issued.cert_chain_pems:
        blob.write_to_path(certificate, append=True)
    issued.private_key_pem.write_to_path(key)
    return certificate, key


@pytest.fixture(scope="module")
def encrypted(files: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    certificate, key = files
    flags = (LOCAL, "--tls-certificate", str(certificate), "--tls-key", str(key))
    with Server(tmp_path_factory.mktemp("encrypted"), *flags) as server:
        yield server


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    made = ssl.create_default_context()
    authority.configure_trust(made)
    return made


def test_requests_are_answered_and_know_that_they_are_secure(encrypted: Server, context: ssl.SSLContext) -> None:
    connection = http.client.HTTPSConnection("localhost", encrypted.port, context=context, timeout=10)
    for _ in range(3):
        connection.request("GET", "/scheme")
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())) == (200, {"scheme": "https", "secure": True})
    connection.close()


def test_without_a_certificate_a_request_is_not_secure(server: Server) -> None:
    assert json.loads(server.get("/scheme").body) == {"scheme": "http", "secure": False}


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_two_versions_of_tls_and_both_of_http_are_offered(
    encrypted: Server, context: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    context.minimum_version = context.maximum_version = version
    for offered, chosen in ((["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"), (["h2"], "h2")):
        context.set_alpn_protocols(offered)
        with encrypted.connect() as wire, context.wrap_socket(wire.socket, server_hostname="localhost") as stream:
            assert stream.selected_alpn_protocol() == chosen
            assert stream.version() == version.name.replace("_", ".")


def test_what_is_no_tls_harms_nobody(encrypted: Server, context: ssl.SSLContext) -> None:
    for data in (request("GET", "/hello"), b"\x16\x03\x01\xff\xff" + b"\0" * 100, b"\0" * 1000):
        with encrypted.connect() as wire:
            wire.send(data)
            wire.socket.shutdown(socket.SHUT_WR)
            with suppress(ConnectionResetError):
                assert b"200" not in wire.socket.recv(65536)
    connection = http.client.HTTPSConnection("localhost", encrypted.port, context=context, timeout=10)
    connection.request("GET", "/hello")
    assert connection.getresponse().status == 200
    connection.close()


def test_a_handshake_that_stops_keeps_nobody_waiting(encrypted: Server, context: ssl.SSLContext) -> None:
    with encrypted.connect() as wire:
        wire.send(b"\x16\x03\x01")
        connection = http.client.HTTPSConnection("localhost", encrypted.port, context=context, timeout=5)
        connection.request("GET", "/hello")
        assert connection.getresponse().status == 200
        connection.close()


def test_a_file_that_is_no_certificate_is_one_line(tmp_path: Path, make_server: MakeServer) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    server = make_server(LOCAL, "--tls-certificate", str(wrong)).launch()
    assert server.process.wait(timeout=30) == 1
    assert server.log().count("\n") == 1
    assert "wrong.pem" in server.log()


def test_a_key_of_another_certificate_is_one_line(
    tmp_path: Path, authority: trustme.CA, files: tuple[Path, Path], make_server: MakeServer
) -> None:
    other = tmp_path / "other.pem"
    authority.issue_cert("localhost").private_key_pem.write_to_path(other)
    server = make_server(LOCAL, "--tls-certificate", str(files[0]), "--tls-key", str(other)).launch()
    assert server.process.wait(timeout=30) == 1
    assert server.log().count("\n") == 1


def test_a_renewed_certificate_is_served_after_a_hup(
    tmp_path: Path, authority: trustme.CA, make_server: MakeServer
) -> None:
    path = tmp_path / "all.pem"

    def renew() -> bytes:
        issued = authority.issue_cert("localhost")
        issued.private_key_and_cert_chain_pem.write_to_path(path)
        return ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())

    def served() -> bytes | None:
        context = ssl.create_default_context()
        authority.configure_trust(context)
        with server.connect() as wire, context.wrap_socket(wire.socket, server_hostname="localhost") as stream:
            return stream.getpeercert(binary_form=True)

    first = renew()
    with make_server(LOCAL, "--tls-certificate", str(path)) as server:
        assert served() == first
        second = renew()
        assert served() == first
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: served() == second, timeout=20)
