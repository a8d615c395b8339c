"""The request that Django's middleware sees against the one that its ASGI handler makes of the same bytes."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import django
import pytest
from django.core.files.uploadedfile import UploadedFile
from django.core.handlers.asgi import ASGIRequest
from hypothesis import example, given
from hypothesis import strategies as st

from django_bolt import BoltAPI, Request
from django_bolt.testing._client import Stage

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
SEEN: list[dict[str, Any]] = []

# What differs, and why.
ONLY_HERE = {"SERVER_PROTOCOL"}
"""Known under WSGI, for which much code was written; an ASGI handler has no place for it."""


def snapshot(request: Any) -> dict[str, Any]:
    """Return everything that code can read of a request, exceptions by their type."""

    def read(function: Any) -> Any:
        try:
            return function()
        except Exception as error:  # noqa: BLE001  # it is part of what is compared
            return type(error)

    def lists(values: Any) -> Any:
        return {key: [entry(value) for value in found] for key, found in values.lists()}

    def entry(value: Any) -> Any:
        if isinstance(value, UploadedFile):
            return value.name, value.content_type, value.charset, value.read()
        return value

    meta = {key: value for key, value in request.META.items() if key not in ONLY_HERE}
    return {
        "META": meta,
        "GET": read(lambda: lists(request.GET)),
        "COOKIES": request.COOKIES,
        "POST": read(lambda: lists(request.POST)),
        "FILES": read(lambda: lists(request.FILES)),
        "body": read(lambda: request.body),
        "read": read(lambda: request.read()),
        "headers": dict(request.headers),
        "host": read(request.get_host),
        "port": read(request.get_port),
        "full_path": request.get_full_path(),
        "full_path_info": request.get_full_path_info(),
        "absolute": read(request.build_absolute_uri),
        "accepts": read(lambda: request.accepts("text/html")),
        **{
            name: getattr(request, name)
            for name in (
                "method",
                "scheme",
                "path",
                "path_info",
                "encoding",
                "content_type",
                "content_params",
                "resolver_match",
                "script_name",
            )
        },
        "secure": request.is_secure(),
        "repr": repr(request).replace("DjangoRequest", "ASGIRequest"),
    }


class Snapshot:
    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        SEEN.append({**snapshot(request), "scope": request.scope})
        return self.get_response(request)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    api = BoltAPI(django_middleware=[Snapshot])

    async def answer(request: Request) -> Any:
        return {}

    for method in ("get", "post", "put", "patch", "delete"):
        getattr(api, method)("/p/{rest:path}")(answer)
    stage = Stage([api], enforce_csrf=False)
    yield stage
    stage.close()


def ask(stage: Stage, data: bytes) -> bytes:
    stream = stage.connect()
    stream.write(data)
    received = b""
    while b"\r\n\r\n" not in received and (more := stream.read(65536, timeout=5)):
        received += more
    stream.close()
    return received


def expected(method: str, target: str, headers: list[tuple[str, bytes]], body: bytes, seen: Any) -> dict[str, Any]:
    """Return what Django makes of it, given the scope that an ASGI server would have handed over."""
    path, _, query = target.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value) for name, value in headers],
        # The two ends of a socket pair have no addresses.
        "client": seen["client"],
        "server": seen["server"],
    }
    if django.VERSION < (6,):
        # It joins them by commas, which later ones mend.
        scope["headers"] = with_one_cookie_field(scope["headers"])
    return snapshot(ASGIRequest(scope, io.BytesIO(body)))


def with_one_cookie_field(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the fields with those of cookies as one, as Django reads them from 6.0 on."""
    cookies = [value.rstrip(b"; ") for name, value in headers if name == b"cookie"]
    others = [pair for pair in headers if pair[0] != b"cookie"]
    return [*others, (b"cookie", b"; ".join(cookies))] if cookies else others


def check(stage: Stage, method: str, target: str, headers: list[tuple[str, bytes]], body: bytes = b"") -> None:
    headers = [("Host", b"testserver:8000"), *headers]
    if body or method in ("POST", "PUT", "PATCH"):
        headers.append(("Content-Length", str(len(body)).encode()))
    lines = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers)
    SEEN.clear()
    received = ask(stage, f"{method} {target} HTTP/1.1\r\n".encode() + lines + b"\r\n" + body)
    assert SEEN, received
    found = SEEN.pop()
    scope = found.pop("scope")
    wanted = expected(method, target, headers, body, scope)
    # A port that nobody knows is not there: proxies mostly tell the address alone.
    assert wanted["META"].pop("REMOTE_PORT") == 0
    assert found.pop("META") == wanted.pop("META")
    assert found == wanted


# Without NUL and what is no UTF-8, which is refused before its body is read.
SEGMENT = st.text(st.sampled_from("abcXYZ019-._~!$&'()*+,;=:@"), max_size=6) | st.sampled_from(
    ["%20", "%2F", "%C3%A9", "%E6%97%A5", "%25", "%3F", "caf%C3%A9", "//"]
)
QUERY = st.text(st.sampled_from("abc=&;+,/?:@!$'()*"), max_size=12) | st.sampled_from(
    ["a=1&a=2&b", "q=%C3%A9", "q=%FF", "q=a+b%20c", "=", "&&", "a=%", "a=%zz", "%E6%97%A5=1", "a[]=1"]
)
VALUE = st.binary(max_size=12).map(
    lambda value: bytes(byte for byte in value if byte >= 0x21 and byte != 0x7F) or b"x"
) | st.sampled_from([b"a, b", b"\xc3\xa9", b"\xe9", b'"quoted"', b"x;y=z"])
NAME = st.sampled_from(
    ["X-One", "x-one", "X-TWO", "Accept", "Accept-Language", "User-Agent", "Referer", "X_Under", "X-A_B"]
)
COOKIE = st.sampled_from(
    [
        b"a=1",
        b"a=1; b=2",
        b"a=1; a=2",
        b'c="quoted \\" text"',
        b"bad",
        b"=x",
        b"d=\xc3\xa9",
        b"e=%20",
        b"f=1;",
        b"g=1; ;h=2",
    ]
)
FORWARDED = st.sampled_from(
    [
        ("X-Forwarded-For", b"203.0.113.9"),
        ("X-Forwarded-Proto", b"https"),
        ("X-Forwarded-Port", b"8443"),
        ("X-Forwarded-Host", b"other.example"),
        ("Forwarded", b"for=203.0.113.9;proto=https"),
        ("X-Real-Ip", b"203.0.113.9"),
    ]
)
FORM = b"a=1&a=2&b=%C3%A9&c"
MULTIPART = (
    b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    b'--x\r\nContent-Disposition: form-data; name="f"; filename="n.txt"\r\n'
    b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
    b"content\r\n--x--\r\n"
)
BODY = st.sampled_from(
    [
        (b"", b""),
        (b"application/x-www-form-urlencoded", FORM),
        (b"application/x-www-form-urlencoded; charset=latin-1", b"a=%E9"),
        (b"application/x-www-form-urlencoded; charset=nonsense", b"a=1"),
        (b"application/json", b'{"a": 1}'),
        (b"text/plain; charset=utf-8", "é".encode()),
        (b"multipart/form-data; boundary=x", MULTIPART),
        (b"multipart/form-data; boundary=x", b"--x\r\nbroken"),
        (b"multipart/form-data", MULTIPART),
        (b"nonsense", b"\x00\xff"),
    ]
)


@given(
    method=st.sampled_from(METHODS),
    path=st.lists(SEGMENT, max_size=4).map("/".join),
    query=st.none() | QUERY,
    fields=st.lists(st.tuples(NAME, VALUE) | FORWARDED, max_size=6),
    cookies=st.lists(COOKIE, max_size=1),
    body=BODY,
)
@example(method="GET", path="a//b", query="", fields=[], cookies=[], body=(b"", b""))
@example(method="POST", path="x", query="a=1", fields=[("X-One", b"1"), ("x-one", b"2")], cookies=[], body=(b"", FORM))
def test_it_is_what_the_asgi_handler_would_have_made(
    stage: Stage,
    method: str,
    path: str,
    query: str | None,
    fields: list[tuple[str, bytes]],
    cookies: list[bytes],
    body: tuple[bytes, bytes],
):
    headers = [*fields, *(("Cookie", cookie) for cookie in cookies)]
    content_type, content = body if method not in ("GET", "HEAD") else (b"", b"")
    if content_type:
        headers.append(("Content-Type", content_type))
    check(stage, method, f"/p/x{path}" + ("" if query is None else f"?{query}"), headers, content)


@pytest.mark.skipif(django.VERSION < (6, 1), reason="earlier ones join them with commas, and lose them")
def test_cookies_in_several_fields(stage: Stage):
    check(stage, "GET", "/p/x", [("Cookie", b"a=1;"), ("Cookie", b"b=2"), ("X-One", b"1"), ("X-One", b"2")])


def test_a_chunked_form_is_read_where_django_would_take_it_for_empty(stage: Stage):
    SEEN.clear()
    head = b"POST /p/x HTTP/1.1\r\nHost: testserver\r\nTransfer-Encoding: chunked\r\n"
    chunks = f"{len(MULTIPART):x}\r\n".encode() + MULTIPART + b"\r\n0\r\n\r\n"
    ask(stage, head + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + chunks)
    assert SEEN[0]["POST"] == {"a": ["1"]}
    assert SEEN[0]["META"]["CONTENT_LENGTH"] == str(len(MULTIPART))


def test_a_script_name_that_settings_force(stage: Stage, settings: Any):
    settings.FORCE_SCRIPT_NAME = "/p"
    check(stage, "GET", "/p/x", [])
    settings.FORCE_SCRIPT_NAME = "/other"
    check(stage, "GET", "/p/x", [])


def test_the_scope_is_what_an_asgi_server_hands_over(stage: Stage):
    SEEN.clear()
    ask(stage, b"POST /p/%C3%A9?q=1 HTTP/1.1\r\nHost: testserver\r\nX-One: \xc3\xa9\r\nContent-Length: 0\r\n\r\n")
    scope = SEEN[0]["scope"]
    assert (scope["type"], scope["method"], scope["path"], scope["raw_path"]) == ("http", "POST", "/p/é", b"/p/%C3%A9")
    assert scope["query_string"] == b"q=1"
    assert (b"x-one", b"\xc3\xa9") in scope["headers"]
    json.dumps({key: value for key, value in scope.items() if key in ("asgi", "http_version", "scheme", "root_path")})
