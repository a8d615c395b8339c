"""Advisories about other servers and frameworks, each a test named after it."""

from __future__ import annotations

import json
import time

import pytest

from tests.server.harness import Server, post, request

HIGH = range(0x80, 0x100)
FIELDS = [
    *["Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Authorization", "Cache-Control", "Connection"],
    *["Content-Encoding", "Content-Language", "Content-Length", "Content-Type", "Cookie", "Date", "Expect"],
    *[
        "Forwarded",
        "From",
        "Host",
        "If-Match",
        "If-Modified-Since",
        "If-None-Match",
        "If-Range",
        "Keep-Alive",
        "Origin",
    ],
    *["Proxy-Authorization", "Range", "Referer", "Sec-WebSocket-Extensions", "Sec-WebSocket-Key"],
    *["Sec-WebSocket-Protocol", "Sec-WebSocket-Version", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent"],
    *["Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Request-ID", "X-Text"],
]
LIMIT = 8 * 1024 * 1024
"""The project's DATA_UPLOAD_MAX_MEMORY_SIZE."""
MIB = 1024 * 1024


@pytest.mark.parametrize("field", FIELDS)
def test_cve_2026_42544_bytes_that_are_no_ascii_in_a_field_end_no_worker(server: Server, field: str) -> None:
    """granian: one such byte in `Sec-WebSocket-Protocol` ended the worker."""
    for byte in HIGH:
        line = field.encode() + b": a" + bytes([byte])
        head = [b"GET /typed/header HTTP/1.1", *([] if field == "Host" else [b"Host: localhost"]), line, b"", b""]
        upgrade = [*head[:-2], b"Connection: Upgrade", b"Upgrade: websocket", b"", b""]
        for lines in (head, upgrade):
            response = server.ask(b"\r\n".join(lines))
            # 417 for an expectation that is none, 422 for a field that the route reads.
            assert response is None or response.status in (200, 400, 417, 422, 501), (byte, response)
    server.assert_well()


@pytest.mark.parametrize("separator", [b"\x0b", b"\x0c", b"\x1c", b"\x1d", b"\x1e"], ids=repr)
@pytest.mark.parametrize("upgrade", [False, True])
def test_cve_2026_44546_a_control_character_in_a_value_is_refused(
    server: Server, separator: bytes, upgrade: bool
) -> None:
    """daphne: they split a value into further fields."""
    fields = [b"Connection: Upgrade", b"Upgrade: websocket"] if upgrade else []
    response = server.get("/typed/header", *fields, b"X-Text: a" + separator + b"X-Injected: b")
    assert response.status == 400


def test_cve_2026_44546_the_byte_85_does_not_end_a_line(server: Server) -> None:
    response = server.get("/typed/header", b"X-Text: a\x85X-Injected: b")
    # 422: it is no UTF-8.
    assert response.status in (200, 400, 422)
    if response.status == 200:
        assert json.loads(response.body)["text"].endswith("X-Injected: b")


def test_cve_2026_33034_a_chunked_body_over_the_limit_is_refused_before_it_is_read(server: Server) -> None:
    """Django: a body without a Content-Length got around DATA_UPLOAD_MAX_MEMORY_SIZE."""
    server.assert_well()
    before = server.resident()
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    peak = 0
    with server.connect() as wire:
        wire.send(request("POST", "/echo", "Transfer-Encoding: chunked"))
        for number in range(16 * LIMIT // 65536):
            wire.send(chunk)
            if number % 64 == 0:
                peak = max(peak, server.resident())
        response = wire.read()
    # None: the refusal was lost with the connection, which was closed while the client still sent.
    assert response is None or response.status == 413
    assert peak - before < 4 * LIMIT // 1024, f"{peak - before} KiB more than before"
    server.assert_well()


def test_cve_2026_33034_the_refusal_of_a_chunked_body_is_a_413(server: Server) -> None:
    chunk = b"%x\r\n" % (LIMIT + 1) + b"a" * (LIMIT + 1) + b"\r\n"
    response = server.ask(request("POST", "/echo", "Transfer-Encoding: chunked") + chunk)
    assert response is not None
    assert response.status == 413


def test_cve_2024_52581_json_over_the_limit_is_refused(server: Server) -> None:
    """Litestar: its parsers of bodies had no limit."""
    response = server.ask(post("/typed/any", b'"' + b"a" * LIMIT + b'"'))
    assert response is not None
    assert response.status == 413


def test_cve_2024_52581_json_of_another_length_than_it_says_is_refused_by_what_it_says(server: Server) -> None:
    started = time.monotonic()
    response = server.ask(
        request("POST", "/typed/any", "Content-Type: application/json", f"Content-Length: {LIMIT + 1}")
    )
    assert response is not None
    assert response.status == 413
    assert time.monotonic() - started < 10
    server.assert_well()
