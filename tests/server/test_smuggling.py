"""Messages that two servers in a row could read differently: each is refused and ends its connection.

Behind every one stands a canary, a request of its own that a server would execute which takes the end of the message
for somewhere else.
"""

from __future__ import annotations

import itertools
import json

import pytest

from tests.server.harness import Server, request
from tests.server.raw import exchange

TAGS = (f"smuggled-{number}" for number in itertools.count())
CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"
TE = b"Transfer-Encoding: chunked"


def canary(tag: str) -> bytes:
    """Return the request that must not be executed."""
    return request("POST", f"/cancelled/echo/{tag}", body=b"")


def executed(server: Server, tag: str) -> bool:
    """Tell whether the canary was."""
    return bool(json.loads(server.get(f"/cancelled/events/{tag}").body))


def message(*fields: bytes, body: bytes = b"", version: bytes = b"1.1", method: bytes = b"POST") -> bytes:
    """Return a request with a Host, these fields and this body, as they are."""
    return b"\r\n".join([method + b" /echo HTTP/" + version, b"Host: localhost", *fields, b"", body])


def lengths(*values: bytes) -> list[bytes]:
    """Return messages whose Content-Length is no plain number."""
    return [message(b"Content-Length: " + value, body=b"hello") for value in values]


def encodings(*fields: bytes) -> list[bytes]:
    """Return messages with another form of Transfer-Encoding."""
    return [message(field, body=CHUNKS) for field in fields]


def chunks(*bodies: bytes) -> list[bytes]:
    """Return chunked messages that are framed wrongly."""
    return [message(TE, body=body) for body in bodies]


REFUSED = {
    "length-and-chunked": [
        message(b"Content-Length: 5", TE, body=CHUNKS),
        message(TE, b"Content-Length: 5", body=CHUNKS),
        message(TE, b"Content-Length: 0", body=CHUNKS),
        message(b"Content-Length: 5", b"Transfer-Encoding: identity", body=b"hello"),
        message(b"Content-Length: 5", b"Transfer-Encoding: gzip", body=b"hello"),
        message(b"Content-Length: 5", b"Transfer-Encoding: ", body=b"hello"),
    ],
    "two-lengths": [
        message(b"Content-Length: 5", b"Content-Length: 5", body=b"hello"),
        message(b"Content-Length: 0", b"Content-Length: 5", body=b"hello"),
        message(b"Content-Length: 5", b"content-length: 0", body=b"hello"),
    ],
    "length": lengths(
        *[
            b"+5",
            b"-5",
            b"0x5",
            b"05a",
            b"5_0",
            b"5,5",
            b"5, 5",
            b"5 5",
            b"5;",
            b"",
            b" ",
            b'"5"',
            b"5.0",
            b"1e1",
            b"\xb5",
        ],
        *[b"18446744073709551616", b"99999999999999999999999999", b"5\x00", b"\x0b5", b"5\x0c", b"0o5", b"five"],
    ),
    "encoding": encodings(
        *[b"Transfer-Encoding : chunked", b"Transfer-Encoding\t: chunked", b" Transfer-Encoding: chunked"],
        *[b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunkedx", b"Transfer-Encoding: chunked, identity"],
        *[b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"],
        *[b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: gzip"],
        *[b"Transfer-Encoding: \x0bchunked", b"Transfer-Encoding: chunked\x0b", b"Transfer-Encoding: \x0cchunked"],
        *[b"Transfer-Encoding: chunked\x00", b"Transfer-Encoding: \x00chunked", b"Transfer-Encoding:\r\n chunked"],
        *[b"Transfer-Encoding: chunked;q=1", b'Transfer-Encoding: "chunked"', b"Transfer-Encoding: chunked\x85"],
        *[b"Transfer\x00-Encoding: chunked", b"Transfer-Encoding: chunked,", b"Transfer-Encoding: ,chunked"],
    ),
    "chunk-size": chunks(
        *[
            b"-5\r\nhello\r\n0\r\n\r\n",
            b"+5\r\nhello\r\n0\r\n\r\n",
            b"0x5\r\nhello\r\n0\r\n\r\n",
            b"\r\nhello\r\n0\r\n\r\n",
        ],
        *[
            b"5_\r\nhello\r\n0\r\n\r\n",
            b"g\r\nhello\r\n0\r\n\r\n",
            b" 5\r\nhello\r\n0\r\n\r\n",
            b"5,\r\nhello\r\n0\r\n\r\n",
        ],
        *[b"10000000000000005\r\nhello\r\n0\r\n\r\n", b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n", b"\xb5\r\nhello\r\n"],
        b"5 5\r\nhello\r\n0\r\n\r\n",
    ),
    "chunk-line-end": chunks(
        *[b"5\nhello\r\n0\r\n\r\n", b"5\rhello\r\n0\r\n\r\n", b"5\r\nhello\n0\r\n\r\n", b"5\r\nhello0\r\n\r\n"],
        *[b"5\r\nhelloXX0\r\n\r\n", b"5\r\nhello\r\r0\r\n\r\n", b"5\r\nhello\r\n0\n\n", b"5\r\nhello\r\n0\r\n\n"],
        *[b"5;a\nb\r\nhello\r\n0\r\n\r\n", b"5;\nhello\r\n0\r\n\r\n", b"5;a\x00\r\nhello\r\n0\r\n\r\n"],
        b"5\r\nhello\r\n0;\n\r\n\r\n",
    ),
    "old-version": [
        message(TE, body=CHUNKS, version=b"1.0"),
        message(TE, b"Connection: keep-alive", body=CHUNKS, version=b"1.0"),
    ],
    "folded-line": [
        message(b"X-Folded: a\r\n b", b"Content-Length: 0"),
        message(b"X-Folded: a\r\n\tb", b"Content-Length: 0"),
        message(b"X-Folded:\r\n Content-Length: 5", b"Content-Length: 0"),
    ],
    "host": [
        message(b"Host: localhost", b"Content-Length: 0"),
        message(b"host: other.example", b"Content-Length: 0"),
        b"POST /echo HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a b\r\nContent-Length: 0\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a@b\r\nContent-Length: 0\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a/b\r\nContent-Length: 0\r\n\r\n",
    ],
    "field-name": [
        message(b"X Y: a", b"Content-Length: 0"),
        message(b": a", b"Content-Length: 0"),
        message(b"X-No-Colon", b"Content-Length: 0"),
        message(b"X\x00: a", b"Content-Length: 0"),
        message(b"X\xe9: a", b"Content-Length: 0"),
        message(b"X@Y: a", b"Content-Length: 0"),
    ],
    "field-value": [
        message(b"X-Value: a" + bytes([byte]) + b"b", b"Content-Length: 0")
        for byte in [*range(0x00, 0x09), 0x0B, 0x0C, 0x0D, *range(0x0E, 0x20), 0x7F]
    ],
    "request-line": [
        b"POST  /echo HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /echo  HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /echo HTTP/1.1 \r\nHost: localhost\r\n\r\n",
        b"POST\t/echo HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /echo http/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /echo HTTP/1.2\r\nHost: localhost\r\n\r\n",
        b"POST /echo HTTP/2.0\r\nHost: localhost\r\n\r\n",
        b"POST /echo HTTP/1.10\r\nHost: localhost\r\n\r\n",
        b"POST /echo HTTP/01.1\r\nHost: localhost\r\n\r\n",
        b"POST /echo\r\nHost: localhost\r\n\r\n",
        b"PO ST /echo HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PO(ST /echo HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /echo /other HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b" POST /echo HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
    "target": [
        b"POST /echo" + bytes([byte]) + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
        for byte in [*range(0x00, 0x0A), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F]
    ],
}
KNOWN = {
    "chunk-line-end-8": "Actix takes a lone LF behind the last chunk for a trailer and swallows what follows",
}
"""Cases that are not held yet, each with the reason."""


def known(case: str) -> list[pytest.MarkDecorator]:
    """Return the marks of a case."""
    return [pytest.mark.xfail(strict=True, reason=KNOWN[case])] if case in KNOWN else []


CASES = [
    pytest.param(data, id=f"{group}-{number}", marks=known(f"{group}-{number}"))
    for group, messages in REFUSED.items()
    for number, data in enumerate(messages, 1)
]


@pytest.mark.parametrize("data", CASES)
def test_a_message_that_can_be_read_in_two_ways_is_refused(server: Server, data: bytes) -> None:
    tag = next(TAGS)
    outcome = exchange(server, data + canary(tag))
    assert (len(outcome.statuses), outcome.closed) == (1, True), outcome
    assert outcome.statuses[0] in (400, 501, 505), outcome
    assert not executed(server, tag)


FORBIDDEN_IN_TRAILERS = [
    "Host: other.example",
    "Content-Length: 5",
    "Transfer-Encoding: chunked",
    "Cookie: a=b",
    "X-A: b",
]


@pytest.mark.parametrize("field", FORBIDDEN_IN_TRAILERS)
def test_a_field_in_a_trailer_never_counts(server: Server, field: str) -> None:
    """Refused with the connection closed, or read and dropped; then what follows is the next request."""
    tag = next(TAGS)
    data = message(TE, body=b"5\r\nhello\r\n0\r\n" + field.encode() + b"\r\n\r\n")
    outcome = exchange(server, data + canary(tag))
    if outcome.refused:
        assert outcome.closed
        assert not executed(server, tag)
    else:
        assert outcome.statuses == [200, 200], outcome
        assert b"5:hello" in outcome.data


@pytest.mark.parametrize("line", [b"POST /echo HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n"])
def test_a_head_with_bare_line_feeds_is_one_message_or_refused(server: Server, line: bytes) -> None:
    """RFC 9112 2.2 lets a server take a lone LF for the end of a line of the head."""
    outcome = exchange(server, line)
    assert outcome.refused or outcome.statuses == [200], outcome


@pytest.mark.parametrize("expectation", ["100-continue", "100-Continue"])
def test_an_expectation_does_not_move_the_end_of_the_message(server: Server, expectation: str) -> None:
    tag = next(TAGS)
    inner = canary(tag)
    data = message(b"Expect: " + expectation.encode(), b"Content-Length: %d" % len(inner), body=inner)
    outcome = exchange(server, data)
    assert outcome.statuses[-1] == 200, outcome
    assert not executed(server, tag)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE"])
@pytest.mark.parametrize("path", ["/hello", "/nowhere", "/method"])
def test_a_body_where_none_is_usual_is_never_a_request(server: Server, method: str, path: str) -> None:
    tag = next(TAGS)
    exchange(server, request(method, path, body=canary(tag)))
    assert not executed(server, tag)


def test_the_canary_is_executed_where_it_is_a_request(server: Server) -> None:
    tag = next(TAGS)
    outcome = exchange(server, message(TE, body=CHUNKS) + canary(tag))
    assert outcome.statuses == [200, 200], outcome
    assert executed(server, tag)
