"""What bad input gets: a clear 4xx, one INFO line at most, and a server that goes on as before."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.server.harness import Response, Server, post, request

MILLION = 1_000_000
LIMIT = 8 * 1024 * 1024
"""The project's DATA_UPLOAD_MAX_MEMORY_SIZE."""


def refused(server: Server, data: bytes) -> Response:
    """Return the answer to bad input, having checked what holds for every one."""
    with server.log_of(settle=0.02) as written:
        response = server.ask(data)
    assert response is not None, "closed without an answer"
    assert 400 <= response.status < 500, (response.status, response.body[:300])
    server.assert_well()
    log = written()
    assert "Traceback" not in log
    assert "ERROR" not in log
    assert "WARNING" not in log
    assert len(log.splitlines()) <= 1
    return response


def errors(response: Response) -> list[dict[str, Any]]:
    """Return the list of a 422, having checked its shape."""
    assert response.status == 422, (response.status, response.body[:300])
    assert response.header("content-type") == "application/json"
    listed: list[dict[str, Any]] = json.loads(response.body)["detail"]
    assert listed
    for error in listed:
        assert set(error) == {"loc", "msg", "type"}
        assert error["loc"][0] in ("path", "query", "header", "cookie", "body")
        assert isinstance(error["msg"], str)
        assert error["type"] in ("missing_field", "type_error", "value_error", "json_invalid", "extra_forbidden")
    return listed


# ---- JSON ------------------------------------------------------------------------------------------------------------

MALFORMED = [
    b"{",
    b'{"name": }',
    b"nonsense",
    b'{"name": "a"} x',
    b"\x00",
    b'{"a": 01}',
    b"{'a': 1}",
    b'"\x01"',
    b"[1,]",
    b"NaN",
]


@pytest.mark.parametrize("route", ["any", "request-json"])
@pytest.mark.parametrize("body", MALFORMED, ids=repr)
def test_malformed_json_is_told_with_its_place(server: Server, route: str, body: bytes) -> None:
    (error,) = errors(refused(server, post(f"/typed/{route}", body)))
    assert error["type"] == "json_invalid"
    assert [type(part) for part in error["loc"]] == [str, int, int]


@pytest.mark.parametrize("route", ["person", "people", "animal", "optional", "embedded", "dict"])
@pytest.mark.parametrize("body", MALFORMED, ids=repr)
def test_malformed_json_for_a_type_is_told_unless_the_type_was_wrong_before(
    server: Server, route: str, body: bytes
) -> None:
    (error,) = errors(refused(server, post(f"/typed/{route}", body)))
    assert error["type"] in ("json_invalid", "type_error", "missing_field")
    assert error["loc"][0] == "body"


def nested(kind: str, depth: int) -> bytes:
    """Return JSON that is nested `depth` times."""
    if kind == "arrays":
        return b"[" * depth + b"]" * depth
    if kind == "objects":
        return b'{"":' * depth + b"1" + b"}" * depth
    if kind == "mixed":
        return b'[{"":' * (depth // 2) + (b"[]" if depth % 2 else b"1") + b"}]" * (depth // 2)
    if kind == "never closed":
        return b"[" * depth
    raise AssertionError(kind)


WHOLE = {"dict": b'{"a":%s}', "any": b"%s", "request-json": b"%s", "person": b'{"name":"a","age":1,"unknown":%s}'}
FIELD = {"person": b'{"name":"a","age":1,"extra":{"a":%s}}', "people": b'[{"name":"a","age":1,"more":%s}]'}


@pytest.mark.parametrize("depth", [65, 10_000, MILLION])
@pytest.mark.parametrize("kind", ["arrays", "objects", "mixed", "never closed"])
@pytest.mark.parametrize(
    ("route", "frame"),
    [*WHOLE.items(), *FIELD.items()],
    ids=["in a dict", "as any value", "by request.json()", "in an unknown field", "in a dict field", "in a list"],
)
def test_deep_nesting_never_reaches_recursive_code(
    server: Server, route: str, frame: bytes, kind: str, depth: int
) -> None:
    (error,) = errors(refused(server, post(f"/typed/{route}", frame % nested(kind, depth))))
    assert error["type"] == "json_invalid"
    assert "64" in error["msg"]


@pytest.mark.parametrize("kind", ["arrays", "objects", "mixed"])
@pytest.mark.parametrize("route", ["any", "request-json"])
def test_sixty_four_levels_are_served(server: Server, route: str, kind: str) -> None:
    response = server.ask(post(f"/typed/{route}", nested(kind, 64)))
    assert response is not None
    assert response.status == 200


def test_brackets_in_text_are_no_nesting(server: Server) -> None:
    body = json.dumps({"name": "[{" * 5000 + '"\\', "age": 1}).encode()
    response = server.ask(post("/typed/person", body))
    assert response is not None
    assert response.status == 200


@pytest.mark.parametrize(
    ("route", "body", "loc", "kind"),
    [
        ("person", b'{"name": "a"}', ["body", "age"], "missing_field"),
        ("person", b'{"name": 1, "age": 1}', ["body", "name"], "type_error"),
        ("person", b'{"name": "a", "age": "x"}', ["body", "age"], "type_error"),
        ("person", b'{"name": "a", "age": 1, "tags": [1]}', ["body", "tags", 0], "type_error"),
        ("person", b"[]", ["body"], "type_error"),
        ("person", b"null", ["body"], "type_error"),
        ("people", b'[{"name": "a", "age": 1}, {"name": "a"}]', ["body", 1, "age"], "missing_field"),
        ("dict", b"[]", ["body"], "type_error"),
        ("embedded", b'{"name": "a", "age": 1}', ["body", "person"], "missing_field"),
    ],
)
def test_wrong_types_and_missing_fields_are_told_with_their_place(
    server: Server, route: str, body: bytes, loc: list[Any], kind: str
) -> None:
    (error,) = errors(refused(server, post(f"/typed/{route}", body)))
    assert (error["loc"], error["type"]) == (loc, kind)


def test_an_absent_body_is_a_missing_field(server: Server) -> None:
    (error,) = errors(refused(server, request("POST", "/typed/person", "Content-Length: 0")))
    assert error["loc"][0] == "body"


@pytest.mark.parametrize("route", ["person", "dict", "any", "request-json"])
@pytest.mark.parametrize("text", [b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"a\xe2\x82"], ids=repr)
def test_invalid_utf8_in_json_is_the_clients_mistake(server: Server, route: str, text: bytes) -> None:
    body = b'{"name": "%s", "age": 1}' % text
    (error,) = errors(refused(server, post(f"/typed/{route}", body)))
    assert error["loc"][0] == "body"


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("person", rb'{"name": "a\u0000b", "age": 1}'),
        ("person", rb'{"name": "a", "age": 1, "tags": ["\u0000"]}'),
        ("dict", rb'{"a": "\u0000"}'),
        ("dict", rb'{"\u0000": 1}'),
        ("any", rb'["\u0000"]'),
        ("request-json", rb'"\u0000"'),
        ("person", b'{"name": "a\x00b", "age": 1}'),
        ("dict", b'{"a": "\x00"}'),
    ],
)
def test_nul_in_text_of_a_body_is_refused(server: Server, route: str, body: bytes) -> None:
    for error in errors(refused(server, post(f"/typed/{route}", body))):
        assert error["loc"][0] == "body"


def test_an_escaped_backslash_before_u0000_is_no_nul(server: Server) -> None:
    response = server.ask(post("/typed/person", rb'{"name": "\\u0000", "age": 1}'))
    assert response is not None
    assert json.loads(response.body)["name"] == r"\u0000"


@pytest.mark.parametrize(
    ("route", "frame"), [("person", b'{"name": "a", "age": %s}'), ("person", b'{"name": "a", "age": -%s}')]
)
def test_a_million_digits_are_no_int(server: Server, route: str, frame: bytes) -> None:
    errors(refused(server, post(f"/typed/{route}", frame % (b"9" * MILLION))))


@pytest.mark.parametrize("digits", [b"9" * MILLION, b"1e" + b"9" * MILLION, b"0." + b"9" * MILLION], ids=len)
@pytest.mark.parametrize("route", ["dict", "any", "request-json"])
def test_a_number_of_a_million_digits_is_a_number_or_refused(server: Server, route: str, digits: bytes) -> None:
    with server.log_of() as written:
        response = server.ask(post(f"/typed/{route}", b'{"n": %s}' % digits))
    assert response is not None
    assert response.status in (200, 422)
    assert "Traceback" not in written()
    server.assert_well()


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/vnd.api+json", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/jsonx", 415),
        ("\xff", 415),
    ],
)
def test_a_body_of_another_type_is_refused(server: Server, content_type: str, status: int) -> None:
    head = f"Content-Type: {content_type}".encode("latin-1")
    data = request("POST", "/typed/person", head, body=b'{"name": "a", "age": 1}')
    if status == 200:
        response = server.ask(data)
        assert response is not None
    else:
        response = refused(server, data)
    assert response.status == status


def test_a_body_without_a_type_is_taken_for_json(server: Server) -> None:
    response = server.ask(request("POST", "/typed/person", body=b'{"name": "a", "age": 1}'))
    assert response is not None
    assert response.status == 200


# ---- path, query, headers, cookies -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        b"/typed/text/%00",
        b"/typed/text/a%00b",
        b"/typed/text/%ff",
        b"/typed/text/%C3%28",
        b"/typed/text/%ED%A0%80",
        b"/typed/text/a\x00b",
        b"/%00",
        b"/hello%00",
        b"/rest/a/%00/b",
    ],
    ids=repr,
)
def test_nul_and_invalid_utf8_in_a_path_are_refused(server: Server, target: bytes) -> None:
    assert refused(server, request("GET", target)).status == 400


def test_raw_bytes_in_a_path_are_refused_or_text(server: Server) -> None:
    for data in (b"\xff", b"\xc3\xa9"):
        response = server.ask(request("GET", b"/typed/text/" + data))
        assert response is None or response.status in (200, 400)
        server.assert_well()


@pytest.mark.parametrize("query", ["q=%00", "q=a%00b", "q=%ff", "q=%C3%28", "q=a&q=%ff"])
def test_nul_and_invalid_utf8_in_a_query_are_told_with_their_place(server: Server, query: str) -> None:
    (error,) = errors(refused(server, request("GET", f"/typed/query?{query}")))
    assert error["loc"] == ["query", "q"]


@pytest.mark.parametrize("query", ["%ff=1", "%00=1", "other=%ff", "&&&==&=", "q", "q=%", "q=%zz", "q=%u1234"])
def test_odd_queries_that_nobody_reads_harm_nobody(server: Server, query: str) -> None:
    response = server.get(f"/typed/query?{query}")
    assert response.status in (200, 400, 422)
    assert server.get(f"/repeated?{query}").status < 500
    assert server.get(f"/hello?{query}").status == 200
    server.assert_well()


@pytest.mark.parametrize("value", [b"a\x00b", b"a\x01b", b"a\x7fb"], ids=repr)
def test_control_characters_in_a_header_are_refused(server: Server, value: bytes) -> None:
    refused(server, request("GET", "/typed/header", b"X-Text: " + value))


@pytest.mark.parametrize("value", [b"\xff", b"\xc3\x28", b"\xc3\xa9"], ids=repr)
def test_header_bytes_that_are_no_ascii_are_text_or_refused(server: Server, value: bytes) -> None:
    response = server.get("/typed/header", b"X-Text: " + value)
    assert response.status in (200, 422)
    server.assert_well()


@pytest.mark.parametrize("value", [b"a\x00b", b"\x00"], ids=repr)
def test_nul_in_a_cookie_is_refused(server: Server, value: bytes) -> None:
    refused(server, request("GET", "/typed/cookie", b"Cookie: session=" + value))


@pytest.mark.parametrize(
    "value", [b"session=\xff", b"session=%00", b";;;=;session", b"session=%ff", b"=" * 100], ids=repr
)
def test_odd_cookies_are_text_or_refused(server: Server, value: bytes) -> None:
    response = server.get("/typed/cookie", b"Cookie: " + value)
    assert response.status in (200, 422)
    server.assert_well()


def test_a_missing_header_and_cookie_are_told_with_their_place(server: Server) -> None:
    (error,) = errors(refused(server, request("GET", "/typed/header")))
    assert (error["loc"], error["type"]) == (["header", "x-text"], "missing_field")
    (error,) = errors(refused(server, request("GET", "/typed/cookie")))
    assert (error["loc"], error["type"]) == (["cookie", "session"], "missing_field")


@pytest.mark.parametrize("digits", [20, 4301, 8000])
@pytest.mark.parametrize("target", ["/typed/number/{}", "/typed/query?n={}", "/typed/query?n=-{}"])
def test_many_digits_are_an_int_as_python_has_it_or_refused(server: Server, target: str, digits: int) -> None:
    number = "9" * digits
    response = server.get(target.format(number))
    if response.status == 200:
        assert number in response.body.decode()
    else:
        # Sixty thousand are too many for any target.
        assert response.status == (422 if digits < 60_000 else 414)
    server.assert_well()


@pytest.mark.parametrize("target", ["/typed/number/{}", "/typed/query?n={}", "/typed/query?q={}", "/{}"])
def test_a_target_of_a_million_characters_is_refused(server: Server, target: str) -> None:
    refused(server, request("GET", target.format("9" * MILLION)))


@pytest.mark.parametrize("keys", [4000, 100_000])
@pytest.mark.parametrize("path", ["/typed/query", "/typed/page", "/typed/repeated", "/hello"])
def test_thousands_of_query_keys_are_refused(server: Server, path: str, keys: int) -> None:
    data = request("GET", f"{path}?" + "a&" * keys)
    if path == "/hello" and keys == 4000:
        # Nobody looks at the query of this route.
        response = server.ask(data)
        assert response is not None
        assert response.status == 200
    else:
        refused(server, data)


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /hello\r\n\r\n",
        b"GET /hello HTTP/9.9\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET hello HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nHost a\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\nab",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nHost: a\r\nX-\x00: a\r\n\r\n",
        b"G\x00T /hello HTTP/1.1\r\nHost: a\r\n\r\n",
        b"x" * 200_000,
    ],
    ids=lambda data: repr(data[:70]),
)
def test_what_is_no_http_is_refused_or_closed(server: Server, data: bytes) -> None:
    with server.log_of(settle=0.02) as written, server.connect() as wire:
        wire.socket.settimeout(2)
        try:
            response = wire.send(data).read()
        except TimeoutError:
            # The server waits for the rest of a head, for as long as its time limit allows.
            response = None
    # Both framings in one request: RFC 9112 6.3 lets a server answer by the chunked one, if it closes.
    assert response is None or 400 <= response.status < 500 or b"chunked\r\nContent-Length" in data
    assert len(written().splitlines()) <= 1
    assert "Traceback" not in written()
    server.assert_well()


# ---- size ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ["/typed/person", "/echo", "/typed/request-json"])
def test_a_body_that_is_announced_too_large_is_refused_unread(server: Server, route: str) -> None:
    head = request("POST", route, "Content-Type: application/json", f"Content-Length: {LIMIT + 1}")
    assert refused(server, head).status == 413


@pytest.mark.parametrize("route", ["/typed/person", "/echo"])
def test_a_chunked_body_is_cut_off_at_the_limit(server: Server, route: str) -> None:
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    head = request("POST", route, "Content-Type: application/json", "Transfer-Encoding: chunked")
    with server.connect() as wire:
        wire.send(head)
        # Eight times the limit; the server stops reading long before.
        for _ in range(8 * LIMIT // 65536):
            try:
                wire.socket.sendall(chunk)
            except OSError:
                break
        response = wire.read()
    # An answer may be lost behind the reset that refuses the rest of the body.
    assert response is None or response.status == 413
    server.assert_well()


def test_a_body_of_exactly_the_limit_is_served(server: Server) -> None:
    response = server.ask(post("/echo", b"x" * LIMIT, "application/octet-stream"))
    assert response is not None
    assert (response.status, response.body[:8]) == (200, b"%d:" % LIMIT)
