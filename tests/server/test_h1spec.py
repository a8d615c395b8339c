"""The 33 cases of uNetworking's h1spec: which heads are waited for, which are served and which are refused."""

from __future__ import annotations

import pytest

from tests.server.harness import Server
from tests.server.raw import exchange, waits

HEAD = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"
CUTS = {
    "method": b"G",
    "target-1": b"GET ",
    "target-2": b"GET /hello",
    "target-3": b"GET /hello ",
    "version": b"GET /hello HTTP",
    "request-line": b"GET /hello HTTP/1.1",
    "request-line-cr": b"GET /hello HTTP/1.1\r",
    "request-line-crlf": b"GET /hello HTTP/1.1\r\n",
    "field-name": b"GET /hello HTTP/1.1\r\nHos",
    "field-colon": b"GET /hello HTTP/1.1\r\nHost:",
    "field-space": b"GET /hello HTTP/1.1\r\nHost: ",
    "field-value": b"GET /hello HTTP/1.1\r\nHost: localhost",
    "field-cr": b"GET /hello HTTP/1.1\r\nHost: localhost\r",
    "field-crlf": b"GET /hello HTTP/1.1\r\nHost: localhost\r\n",
    "last-cr": b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r",
}


def with_fields(*fields: bytes, method: bytes = b"GET", target: bytes = b"/hello", body: bytes = b"") -> bytes:
    """Return a request with these fields and no others."""
    return b"\r\n".join([method + b" " + target + b" HTTP/1.1", *fields, b"", body])


HOST = b"Host: example.com"
SERVED = {
    "expectation": with_fields(HOST, b"Expect: 100-continue"),
    "plain": with_fields(HOST),
    "field-name-in-mixed-case-and-tab": with_fields(b"hoSt:\texample.com", b"empty:"),
    "empty-field": with_fields(HOST, b"X-Empty-Header: "),
    "body": with_fields(HOST, b"Content-Length: 5", method=b"POST", target=b"/echo", body=b"hello"),
    "chunked": with_fields(
        HOST, b"Transfer-Encoding: chunked", method=b"POST", target=b"/echo", body=b"c\r\nHello world1\r\n0\r\n\r\n"
    ),
}
REFUSED = {
    "no-version": b"GET / \r\n\r\n",
    "brackets-in-field-name": with_fields(HOST, b"X-Invalid[]: test"),
    "no-host": with_fields(b"Content-Length: 5"),
    "two-hosts": with_fields(HOST, b"Host: example.org"),
    "negative-length-that-overflows": with_fields(HOST, b"Content-Length: -123456789123456789123456789"),
    "negative-length": with_fields(HOST, b"Content-Length: -1234"),
    "length-in-letters": with_fields(HOST, b"Content-Length: abc"),
    "bell-in-a-value": with_fields(HOST, b"X-Bad-Control-Char: test\x07"),
    "version-9.9": b"GET /hello HTTP/9.9\r\nHost: example.com\r\n\r\n",
    "words-before-the-method": b"Extra line" + with_fields(HOST),
    "carriage-return-alone": with_fields(HOST, b"\rSome-Header: Test"),
    "length-and-chunked-in-mixed-case": with_fields(
        HOST,
        b"content-LengtH: 5",
        b"TransFer-Encoding: chunked",
        method=b"POST",
        target=b"/echo",
        body=b"c\r\nHello world1\r\n0\r\n\r\n",
    ),
}


def test_there_are_as_many_cases_as_in_h1spec() -> None:
    assert len(CUTS) + len(SERVED) + len(REFUSED) == 33


@pytest.mark.parametrize("data", CUTS.values(), ids=CUTS)
def test_a_head_that_is_cut_is_waited_for(server: Server, data: bytes) -> None:
    assert waits(server, data)
    assert HEAD.startswith(data)


@pytest.mark.parametrize("data", SERVED.values(), ids=SERVED)
def test_a_valid_head_is_served(server: Server, data: bytes) -> None:
    assert exchange(server, data, quiet=0.1).statuses[-1] == 200


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_an_invalid_head_is_refused(server: Server, data: bytes) -> None:
    outcome = exchange(server, data)
    assert outcome.statuses[:1] and 400 <= outcome.statuses[0] < 600, outcome
    assert outcome.statuses[0] != 500
    assert outcome.closed
