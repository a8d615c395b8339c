"""CORS and compression of a real server: what is on the wire, over HTTP/1.1 and HTTP/2, and who waits meanwhile."""

from __future__ import annotations

import gzip
import select

import brotli
import pytest
import zstandard

from tests.server.harness import Server, request
from tests.server.test_http2 import client_of

SITE = "https://www.example.com"
DECODERS = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}


@pytest.fixture(scope="module")
def plain(server: Server) -> dict[int, bytes]:
    """What the routes say, few words and many, as it is."""
    return {count: server.get(f"/shared/plain/{count}").body for count in (200, 30_000)}


@pytest.mark.parametrize("accept", DECODERS)
def test_what_arrives_is_what_was_sent(server: Server, plain: dict[int, bytes], accept: str) -> None:
    with server.connect() as wire, client_of(server) as client:
        for count, expected in plain.items():
            path = f"/shared/words/{count}"
            answer = wire.send(request("GET", path, f"Accept-Encoding: {accept}")).answer()
            assert (answer.header("content-encoding"), answer.header("content-length")) == (
                accept,
                str(len(answer.body)),
            )
            assert DECODERS[accept](answer.body) == expected
            _, fields, body = client.answer(client.request(path, "GET", b"", ("accept-encoding", accept)))
            assert (fields["content-encoding"], fields["content-length"]) == (accept, str(len(body)))
            assert body == answer.body


def test_head_promises_nothing_and_the_connection_goes_on(server: Server, plain: dict[int, bytes]) -> None:
    with server.connect() as wire:
        for _ in range(2):
            head = wire.send(request("HEAD", "/shared/words/200", "Accept-Encoding: zstd")).answer(head=True)
            assert head.status == 200
            assert {value for name, value in head.headers if name == "vary"} == {"Origin", "Accept-Encoding"}
            assert head.header("content-length") is None and head.header("transfer-encoding") is None
        assert wire.send(request("GET", "/shared/words/200")).answer().body == plain[200]
    with client_of(server) as client:
        status, fields, body = client.answer(
            client.request("/shared/words/200", "HEAD", b"", ("accept-encoding", "zstd"))
        )
        assert (status, body) == (200, b"")
        assert "content-length" not in fields


def test_nobody_waits_for_a_large_body_to_be_compressed(server: Server) -> None:
    with server.connect() as large, server.connect() as other:
        large.send(request("GET", "/shared/words/150000", "Accept-Encoding: br"))
        pid = server.worker
        for _ in range(20):
            assert other.send(request("GET", "/pid")).answer().body == str(pid).encode()
        # Not yet: else this would show nothing.
        assert select.select([large.socket], [], [], 0) == ([], [], [])
        assert large.answer().header("content-encoding") == "br"


def test_preflights_and_answers_over_both_versions(server: Server) -> None:
    asked = {"Origin": SITE, "Access-Control-Request-Method": "PUT"}
    with server.connect() as wire, client_of(server) as client:
        lines = [f"{name}: {value}" for name, value in asked.items()]
        for path in ("/shared/words/200", "/shared/plain/1"):
            # There is no PUT: nothing holds outside the routes.
            assert wire.send(request("OPTIONS", path, *lines)).answer().header("access-control-allow-origin") is None
        lines[-1] = "Access-Control-Request-Method: GET"
        answer = wire.send(request("OPTIONS", "/shared/plain/1", *lines)).answer()
        assert (answer.status, answer.header("access-control-allow-origin")) == (204, SITE)
        assert answer.header("content-length") is None
        more = [("origin", SITE), ("access-control-request-method", "GET")]
        status, fields, _ = client.answer(client.request("/shared/plain/1", "OPTIONS", b"", *more))
        assert (status, fields["access-control-allow-origin"]) == (204, SITE)
        _, fields, _ = client.answer(client.request("/shared/plain/1", "GET", b"", ("origin", SITE)))
        assert (fields["access-control-allow-origin"], fields["vary"]) == (SITE, "Origin")
