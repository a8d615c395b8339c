"""HTTP/1.1 as clients speak it: connections kept, pipelined, old, asking first; and answers that cannot be split."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.server.harness import Server, request

HELLO = b'{"message":"hello"}'


def test_a_connection_is_kept_for_many_requests(server: Server) -> None:
    with server.connect() as wire:
        for _ in range(50):
            for path in ("/hello", "/def", "/inline", "/nowhere", "/typed/number/x"):
                assert wire.send(request("GET", path)).answer().status in (200, 404, 422)
        assert wire.send(request("GET", "/hello")).answer().body == HELLO


def test_connection_close_is_honoured(server: Server) -> None:
    with server.connect() as wire:
        response = wire.send(request("GET", "/hello", "Connection: close")).answer()
        assert response.status == 200
        assert (response.header("connection") or "").lower() == "close"
        assert wire.closed(timeout=5)


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    paths = ["/slow?seconds=0.2", "/slow-def?seconds=0.1", "/typed/number/7"]
    with server.connect() as wire:
        wire.send(b"".join(request("GET", path) for path in paths))
        assert [wire.answer().body for _ in paths] == [b'{"message":"late"}', b'{"message":"late"}', b"7"]


def test_pipelined_bodies_belong_to_their_requests(server: Server) -> None:
    bodies = [b"a" * number for number in (0, 1, 5, 3000, 2)]
    with server.connect() as wire:
        wire.send(b"".join(request("POST", "/echo", body=body) for body in bodies))
        for body in bodies:
            assert wire.answer().body == b"%d:" % len(body) + body[:64]


@pytest.mark.parametrize("path", ["/hello", "/def", "/nowhere", "/method"])
def test_a_body_that_nobody_reads_does_not_become_the_next_request(server: Server, path: str) -> None:
    inner = request("GET", "/typed/number/666")
    with server.connect() as wire:
        first = wire.send(request("DELETE" if path == "/method" else "GET", path, body=inner)).answer()
        assert first.status in (200, 404, 405)
        second = wire.send(request("GET", "/typed/number/7")).read()
        assert second is None or second.body == b"7"


def test_http_1_0_is_answered_and_closed(server: Server) -> None:
    with server.connect() as wire:
        response = wire.send(b"GET /hello HTTP/1.0\r\n\r\n").answer()
        assert (response.status, response.body) == (200, HELLO)
        assert wire.closed(timeout=5)


def test_http_1_0_may_ask_for_the_connection_to_be_kept(server: Server) -> None:
    with server.connect() as wire:
        data = b"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
        assert wire.send(data).answer().body == HELLO
        assert wire.send(data).answer().body == HELLO


def test_a_client_that_asks_first_is_told_to_go_on(server: Server) -> None:
    with server.connect() as wire:
        wire.send(request("POST", "/echo", "Content-Length: 4", "Expect: 100-continue"))
        assert wire.answer().status == 100
        assert wire.send(b"bolt").answer().body == b"4:bolt"


def test_a_client_that_asks_first_is_told_when_its_body_is_too_large(server: Server) -> None:
    with server.connect() as wire:
        wire.send(request("POST", "/echo", f"Content-Length: {9 * 1024 * 1024}", "Expect: 100-continue"))
        assert wire.answer().status == 413


@pytest.mark.parametrize("size", [1, 7, 1000, 70_000])
def test_a_chunked_body_is_put_together(server: Server, size: int) -> None:
    body = bytes(range(32, 127)) * 1000
    chunks = [body[start : start + size] for start in range(0, min(len(body), size * 200), size)]
    with server.connect() as wire:
        wire.send(request("POST", "/echo", "Transfer-Encoding: chunked"))
        for chunk in chunks:
            wire.send(b"%x;extension=1\r\n%s\r\n" % (len(chunk), chunk))
        sent = b"".join(chunks)
        assert wire.send(b"0\r\n\r\n").answer().body == b"%d:" % len(sent) + sent[:64]
        assert wire.send(request("GET", "/hello")).answer().body == HELLO


def test_a_body_in_small_pieces_is_put_together(server: Server) -> None:
    body = b'{"name": "a", "age": 1}'
    data = request("POST", "/typed/person", "Content-Type: application/json", body=body)
    with server.connect() as wire:
        for byte in data:
            wire.send(bytes([byte]))
        assert json.loads(wire.answer().body)["name"] == "a"


@pytest.mark.parametrize(("count", "statuses"), [(90, {200}), (97, {431}), (1000, {431})])
def test_too_many_header_fields_are_refused(server: Server, count: int, statuses: set[int]) -> None:
    # Host is one of them.
    response = server.get("/hello", *(f"X-{number}: a" for number in range(count - 1)))
    assert response.status in statuses


@pytest.mark.parametrize(("length", "statuses"), [(8000, {200}), (8200, {414}), (500_000, {400, 414, 431})])
def test_too_long_a_target_is_refused(server: Server, length: int, statuses: set[int]) -> None:
    assert server.get("/rest/" + "a" * length).status in statuses
    assert server.get("/hello?" + "a" * length).status in statuses


@pytest.mark.parametrize("size", [8_000, 32_000])
def test_a_large_header_is_served(server: Server, size: int) -> None:
    response = server.get("/typed/header", "X-Text: " + "a" * size)
    assert (response.status, len(json.loads(response.body)["text"])) == (200, size)


def test_a_head_without_end_is_refused(server: Server) -> None:
    response = server.get("/hello", "X-Text: " + "a" * 1_000_000)
    assert response.status in (400, 413, 431)


@pytest.mark.parametrize("path", ["header-injection", "header-injection-tuple", "header-injection-django"])
def test_a_line_break_in_a_header_is_a_500_and_never_sent(server: Server, path: str) -> None:
    with server.connect() as wire:
        response = wire.send(request("GET", f"/{path}")).answer()
        assert (response.status, json.loads(response.body)) == (500, {"detail": "Internal Server Error"})
        assert not any(name in ("x-answer", "x-injected") for name, _ in response.headers)
        assert b"script" not in response.body
        assert wire.send(request("GET", "/hello")).answer().body == HELLO


def test_every_answer_says_its_length_and_date_once(server: Server) -> None:
    for path in ("/hello", "/nowhere", "/typed/number/x", "/fails/plain", "/large"):
        response = server.get(path)
        assert response.header("content-length") == str(len(response.body))
        assert response.header("date")


def test_a_large_answer_arrives_whole_at_a_slow_reader(server: Server) -> None:
    with server.connect() as wire:
        wire.send(request("GET", "/large"))
        server.assert_well()
        assert wire.answer().body == b"x" * (4 * 1024 * 1024)


async def test_a_common_client_with_a_hundred_connections(server: Server) -> None:
    import asyncio

    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(base_url=server.url(""), limits=limits, timeout=30, trust_env=False) as client:
        answers = await asyncio.gather(*(client.get(f"/typed/number/{number}") for number in range(300)))
    assert [answer.json() for answer in answers] == list(range(300))
