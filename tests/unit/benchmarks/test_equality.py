"""The check that contestants answer alike, against real servers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.endpoints import Endpoint
from benchmarks.equality import AnswersDiffer, check
from benchmarks.processes import HOST

HELLO = Endpoint(name="hello", description="", paths=("/hello",))


@contextmanager
def serving(body: bytes, *, status: int = 200, media_type: str = "application/json") -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_json_is_compared_by_value():
    with serving(b'{"a":1,"b":2}') as one, serving(b'{"b": 2, "a": 1}', media_type="application/json; x=y") as two:
        check(HELLO, {"one": one, "two": two})


@pytest.mark.parametrize(
    "other",
    [{"body": b'{"a":2}'}, {"body": b'{"a":1}', "status": 201}, {"body": b'{"a":1}', "media_type": "text/html"}],
)
def test_a_difference_names_both_answers(other):
    with serving(b'{"a":1}') as one, serving(**other) as two, pytest.raises(AnswersDiffer) as raised:
        check(HELLO, {"one": one, "two": two})
    assert "one: 200 application/json" in str(raised.value)
    assert "two: " in str(raised.value)


def test_errors_are_refused_even_where_all_agree():
    with serving(b"{}", status=500) as port, pytest.raises(AnswersDiffer, match="one answered 500"):
        check(HELLO, {"one": port})
