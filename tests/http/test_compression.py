"""Compression: what is chosen, what is left alone, and that what arrives is what was sent."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import brotli
import pytest
import zstandard
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from django_bolt import BoltAPI, Request, Router
from django_bolt._plan.errors import PlanError
from django_bolt.middleware import CompressionConfig, CompressionMiddleware, no_compress, skip_middleware
from django_bolt.responses import Response
from django_bolt.testing import TestClient

TEXT = b"many words, many words; " * 100
DECODERS: dict[str | None, Callable[[bytes], bytes]] = {
    None: bytes,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}


@contextmanager
def serving(*middleware: Any, body: bytes = TEXT, status: int = 200, **fields: str) -> Iterator[TestClient]:
    """An application that answers with one body and some fields."""
    api = BoltAPI(middleware=middleware)
    headers = {"Content-Type": "text/plain", **{name.replace("_", "-"): value for name, value in fields.items()}}

    @api.get("/x")
    async def answer() -> Response:
        return Response(body, status_code=status, headers=headers)

    with TestClient(api) as client:
        # httpx would ask for what it can decode.
        client.headers.pop("Accept-Encoding")
        yield client


def fetch(client: TestClient, accept: str | None, path: str = "/x", method: str = "GET") -> tuple[Any, bytes]:
    """An answer and the bytes of its body, as they came."""
    headers = {} if accept is None else {"Accept-Encoding": accept}
    with client.stream(method, path, headers=headers) as response:
        return response, b"".join(response.iter_raw())


def encoding_of(client: TestClient, accept: str | None, path: str = "/x") -> str | None:
    """The coding of an answer, whose body is checked to be in it and to be as long as it says."""
    response, raw = fetch(client, accept, path)
    assert response.headers["Content-Length"] == str(len(raw))
    found: str | None = response.headers.get("Content-Encoding")
    DECODERS[found](raw)
    return found


@pytest.mark.parametrize("backend", ["gzip", "brotli", "zstd"])
def test_the_client_chooses_and_then_the_configuration(backend: Any) -> None:
    name = {"gzip": "gzip", "brotli": "br", "zstd": "zstd"}[backend]
    with serving(CompressionMiddleware(CompressionConfig(backend=backend))) as client:
        for accept, expected in [
            (None, None),
            ("", None),
            ("identity", None),
            ("deflate", None),
            ("gzip", "gzip"),
            ("x-gzip", "gzip"),
            ("br", "br"),
            ("zstd", "zstd"),
            ("gzip, deflate, br, zstd", name),
            ("*", name),
            ("gzip;q=0.2, br;q=0.3, zstd;q=0.1", "br"),
            ("gzip;q=0, br;q=0, zstd;q=0", None),
            ("*;q=0", None),
            ("identity;q=0, gzip;q=0.1", "gzip"),
        ]:
            response, raw = fetch(client, accept)
            assert response.headers.get("Content-Encoding") == expected, accept
            assert response.headers["Vary"] == "Accept-Encoding"
            assert response.headers["Content-Length"] == str(len(raw))
            assert DECODERS[expected](raw) == TEXT
            assert (len(raw) < len(TEXT)) == (expected is not None)


CODINGS = st.sampled_from(["gzip", "x-gzip", "br", "zstd", "identity", "*", "deflate", "GZIP", ""])
QUALITIES = st.sampled_from(["", ";q=0", ";q=0.5", "; q=1", ";q=0.001", ";q=x"])
ACCEPTS = st.lists(st.tuples(CODINGS, QUALITIES).map("".join), max_size=6).map(", ".join).map(str.strip)
# Runs, noise and text, up to what is compressed in a thread of its own.
BODIES = st.one_of(
    st.binary(max_size=2000),
    st.text(max_size=500).map(str.encode),
    st.tuples(st.binary(min_size=1, max_size=300), st.integers(1, 2000)).map(lambda pair: pair[0] * pair[1]),
)


def test_what_arrives_is_what_was_sent() -> None:
    api = BoltAPI(middleware=[CompressionMiddleware(CompressionConfig(minimum_size=0))])

    @api.post("/echo", max_body=2_000_000)
    async def echo(request: Request) -> Response:
        return Response(request.body, headers={"Content-Type": "text/plain"})

    with TestClient(api) as client:
        client.headers.pop("Accept-Encoding")

        @settings(max_examples=300, deadline=None)
        @given(body=BODIES, accept=ACCEPTS)
        def holds(body: bytes, accept: str) -> None:
            with client.stream("POST", "/echo", content=body, headers={"Accept-Encoding": accept}) as response:
                raw = b"".join(response.iter_raw())
            assert response.headers["Content-Length"] == str(len(raw))
            assert DECODERS[response.headers.get("Content-Encoding")](raw) == body
            assert len(raw) <= len(body)

        holds()


@pytest.mark.parametrize("accept", ["gzip", "br", "zstd"])
@pytest.mark.parametrize("size", [131_072, 131_073, 3_000_000])
def test_large_bodies_arrive_whole(accept: str, size: int) -> None:
    body = b"".join(b"%d," % n for n in range(size))[:size]
    with serving(CompressionMiddleware(), body=body) as client:
        response, raw = fetch(client, accept)
        assert response.headers["Content-Encoding"] == accept
        assert DECODERS[accept](raw) == body


def test_small_bodies_stay_and_say_nothing() -> None:
    for size, expected in [(499, None), (500, "gzip")]:
        with serving(CompressionMiddleware(), body=b"a" * size) as client:
            assert encoding_of(client, "gzip") == expected
            assert ("Vary" in fetch(client, None)[0].headers) == (expected is not None)


@pytest.mark.parametrize(
    "fields",
    [
        {"Content_Type": "image/png"},
        {"Content_Type": "video/mp4"},
        {"Content_Type": "application/zip"},
        {"Content_Type": "font/woff2"},
        {"Content_Type": "text/event-stream"},
        {"Content_Type": "application/octet-stream"},
        {"Content_Encoding": "br"},
        {"Cache_Control": "max-age=1, no-transform"},
        {"Content_Range": "bytes 0-1/2"},
    ],
)
def test_what_must_stay_as_it_is(fields: dict[str, str]) -> None:
    with serving(CompressionMiddleware(), **fields) as client:
        response, raw = fetch(client, "gzip, br, zstd")
        assert raw == TEXT
        assert response.headers.get("Content-Encoding") == fields.get("Content_Encoding")
        assert "Vary" not in response.headers


@pytest.mark.parametrize("status", [204, 206])
def test_statuses_that_must_stay_as_they_are(status: int) -> None:
    with serving(CompressionMiddleware(), status=status) as client:
        response, raw = fetch(client, "gzip")
        assert raw == (TEXT if status == 206 else b"")
        assert not {"content-encoding", "vary"} & set(response.headers)


def test_not_modified_says_what_it_depends_on() -> None:
    with serving(CompressionMiddleware(), status=304, ETag='"a"') as client:
        response, raw = fetch(client, "gzip")
        assert (raw, response.headers["Vary"], response.headers.get("Content-Encoding")) == (
            b"",
            "Accept-Encoding",
            None,
        )


def test_noise_is_sent_as_it_is() -> None:
    body = random.Random(1).randbytes(5000)
    with serving(CompressionMiddleware(), body=body) as client:
        for accept in ("gzip", "br", "zstd"):
            response, raw = fetch(client, accept)
            assert (raw, response.headers.get("Content-Encoding")) == (body, None)
            assert response.headers["Vary"] == "Accept-Encoding"


def test_entity_tags_become_weak_where_the_bytes_change() -> None:
    with serving(CompressionMiddleware(), ETag='"a"', Vary="Cookie") as client:
        assert fetch(client, "gzip")[0].headers["ETag"] == 'W/"a"'
        response = fetch(client, None)[0]
        assert response.headers["ETag"] == '"a"'
        assert response.headers.get_list("Vary") == ["Cookie", "Accept-Encoding"]
    with serving(CompressionMiddleware(), ETag='W/"a"', Vary="*") as client:
        response = fetch(client, "gzip")[0]
        assert (response.headers["ETag"], response.headers.get_list("Vary")) == ('W/"a"', ["*"])


def test_head_promises_no_length_that_get_would_not_have() -> None:
    with serving(CompressionMiddleware(), ETag='"a"') as client:
        response, raw = fetch(client, "gzip", method="HEAD")
        assert raw == b""
        assert not {"content-length", "content-encoding", "transfer-encoding"} & set(response.headers)
        assert (response.headers["Vary"], response.headers["ETag"]) == ("Accept-Encoding", 'W/"a"')
        assert fetch(client, None, method="HEAD")[0].headers["Content-Length"] == str(len(TEXT))
        # The connection goes on.
        assert encoding_of(client, "gzip") == "gzip"


def test_what_the_server_answers_itself_is_compressed_as_well() -> None:
    with serving(CompressionMiddleware(CompressionConfig(minimum_size=1))) as client:
        response, raw = fetch(client, "gzip", "/nowhere")
        assert response.status_code == 404
        # Nothing is gained here.
        assert response.headers.get("Content-Encoding") is None
        assert response.headers["Vary"] == "Accept-Encoding"
        assert raw == b'{"detail":"Not Found"}'


def test_what_django_compressed_is_not_compressed_again() -> None:
    api = BoltAPI(
        middleware=[CompressionMiddleware(CompressionConfig(backend="zstd"))],
        django_middleware=["django.middleware.gzip.GZipMiddleware"],
    )

    @api.get("/x")
    async def answer() -> Response:
        return Response(TEXT, headers={"Content-Type": "text/plain", "ETag": '"a"'})

    with TestClient(api) as client:
        for accept, expected in [("gzip, zstd", "gzip"), ("zstd", "zstd"), ("identity", None)]:
            response, raw = fetch(client, accept)
            assert response.headers.get("Content-Encoding") == expected
            assert DECODERS[expected](raw) == TEXT
            assert response.headers.get_list("Vary") == ["Accept-Encoding"]
            assert response.headers["ETag"] == ('W/"a"' if expected else '"a"')


def test_places() -> None:
    router = Router("/router", middleware=[CompressionMiddleware(CompressionConfig(backend="zstd"))])
    api, bare = (
        BoltAPI("/api", middleware=[CompressionMiddleware(CompressionConfig(backend="brotli"))]),
        BoltAPI("/bare"),
    )

    async def answer() -> str:
        return "words " * 200

    @router.get("/none")
    @no_compress
    async def none() -> str:
        return "words " * 200

    @no_compress
    @router.get("/above")
    async def above() -> str:
        return "words " * 200

    @router.get("/skipped")
    @skip_middleware("compression")
    async def skipped() -> str:
        return "words " * 200

    router.get("/plain")(answer)
    router.get("/route", middleware=[CompressionMiddleware])(answer)
    api.get("/plain")(answer)
    api.include_router(router)
    bare.get("/plain")(answer)
    expected = {
        "/api/plain": "br",
        "/api/router/plain": "zstd",
        "/api/router/route": "gzip",
        "/api/router/none": None,
        "/api/router/above": None,
        "/api/router/skipped": None,
    }
    wanted = "gzip, br, zstd"
    for value, elsewhere in [
        (None, None),
        (False, None),
        (True, "gzip"),
        ({"backend": "brotli"}, "br"),
        (CompressionConfig(), "gzip"),
    ]:
        with override_settings(BOLT_COMPRESSION=value), TestClient([api, bare]) as client:
            assert {path: encoding_of(client, wanted, path) for path in expected} == expected
            assert encoding_of(client, wanted, "/bare/plain") == elsewhere
            assert encoding_of(client, wanted, "/openapi.json") == elsewhere


WRONG = [
    (CompressionConfig(backend="deflate"), "found backend='deflate', expected one of 'gzip', 'brotli', 'zstd'"),  # type: ignore[arg-type]
    (CompressionConfig(minimum_size=-1), "found minimum_size=-1"),
    (CompressionConfig(minimum_size=1.5), "found minimum_size=1.5"),  # type: ignore[arg-type]
    (CompressionConfig(gzip_level=0), "expected a whole number from 1 to 9"),
    (CompressionConfig(brotli_level=12), "expected a whole number from 0 to 11"),
    (CompressionConfig(zstd_level=True), "expected a whole number from 1 to 22"),
    ("gzip", "found 'gzip', expected a CompressionConfig"),
]


@pytest.mark.parametrize(("config", "message"), WRONG)
def test_what_cannot_be_done_is_refused_where_it_stands(config: Any, message: str) -> None:
    for declare in (
        lambda: BoltAPI(middleware=[CompressionMiddleware(config)]),
        lambda: Router(middleware=[CompressionMiddleware(config)]),
        lambda: BoltAPI().get("/x", middleware=[CompressionMiddleware(config)]),
    ):
        with pytest.raises(PlanError, match=f"CompressionMiddleware: .*{message}"):
            declare()
    with (
        override_settings(BOLT_COMPRESSION=config),
        pytest.raises(ImproperlyConfigured, match=f"settings.BOLT_COMPRESSION: .*{message}"),
    ):
        TestClient(BoltAPI())


def test_a_setting_with_an_unknown_key() -> None:
    with (
        override_settings(BOLT_COMPRESSION={"level": 3}),
        pytest.raises(ImproperlyConfigured, match="found the key 'level', expected one of backend minimum_size"),
    ):
        TestClient(BoltAPI())
