"""Request ids: taken from the client or made, in every answer, in the handler and in the log records of the request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from tests.server.harness import Server, eventually, request

KINDS = ["plain", "coroutine", "thread", "def", "inline"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose log records name their request."""
    directory = tmp_path_factory.mktemp("server")
    form = "LOG %(levelname)s %(name)s %(message)s id=%(request_id)s"
    with Server(directory, "127.0.0.1:0", PROJECT_LOG_FORMAT=form) as running:
        yield running
        running.assert_well()


def answered_id(server: Server, *headers: str | bytes, path: str = "/hello") -> str | None:
    return server.get(path, *headers).header("x-request-id")


@pytest.mark.parametrize("given", ["a", "7f3.A_b-9", "x" * 128])
def test_a_usable_id_is_kept(server: Server, given: str) -> None:
    assert answered_id(server, f"X-Request-ID: {given}") == given


@pytest.mark.parametrize("given", [b"", b"a b", b'"a"', b"a\xff", b"a,b", b"<script>", b"x" * 129])
def test_another_is_replaced(server: Server, given: bytes) -> None:
    assert re.fullmatch("[0-9a-f]{32}", answered_id(server, b"X-Request-ID: " + given) or "")


def test_new_ids_are_unlike_each_other(server: Server) -> None:
    ids = {answered_id(server) for _ in range(50)}
    assert len(ids) == 50


@pytest.mark.parametrize(
    "what", ["GET /nowhere", "DELETE /hello", "GET /typed/number/x", "GET /with-slash", "GET /fails/def", "GET /health"]
)
def test_every_answer_has_one(server: Server, what: str) -> None:
    response = server.ask(request(*what.split(), "X-Request-ID: one"))
    assert response is not None
    assert response.header("x-request-id") == "one"


@pytest.mark.parametrize("kind", KINDS)
def test_the_handler_and_its_log_records_know_it(server: Server, kind: str) -> None:
    for name in (f"{kind}-1", f"{kind}-2"):
        response = server.get(f"/logged/{kind}", f"X-Request-ID: {name}")
        assert response.body.decode() == name
        assert eventually(lambda name=name: f"LOG INFO mysite seen id={name}\n" in server.log())  # type: ignore[misc]


def test_a_handler_without_the_request_logs_it_as_well(server: Server) -> None:
    server.get("/logged/def-alone", "X-Request-ID: alone")
    assert eventually(lambda: "LOG INFO mysite seen id=alone\n" in server.log())


@pytest.mark.parametrize("kind", ["async", "plain", "def", "inline"])
def test_the_record_of_a_failure_names_the_request(server: Server, kind: str) -> None:
    server.get(f"/fails/{kind}", f"X-Request-ID: failed-{kind}")
    line = f"LOG ERROR django.request Internal Server Error: /fails/{kind} id=failed-{kind}\n"
    assert eventually(lambda: line in server.log())


def test_records_outside_of_a_request_have_none(make_server: Callable[..., Server]) -> None:
    with make_server("127.0.0.1:0", PROJECT_LOG_FORMAT="LOG %(message)s id=%(request_id)s") as server:
        server.get("/ready")
    assert "id=None" not in server.log()
