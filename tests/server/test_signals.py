"""Django's signals and the log: what error trackers live on, exactly once for each failure."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.server.harness import Server, eventually, post, request

MakeServer = Callable[..., Server]
PATHS = ["/hello", "/def", "/inline", "/slow?seconds=0"]


@pytest.mark.parametrize(("emit", "times"), [(None, 0), (False, 0), (True, 4)])
def test_request_signals_are_sent_where_the_setting_asks(
    make_server: MakeServer, emit: bool | None, times: int
) -> None:
    settings = {} if emit is None else {"EMIT_SIGNALS": emit}
    with make_server("127.0.0.1:0", PROJECT_BOLT=json.dumps(settings)) as server:
        for path in PATHS:
            assert server.get(path).status == 200
        assert eventually(lambda: server.events().count("request_finished") >= times or None)
        assert server.events().count("request_started") == times
        assert server.events().count("request_finished") == times


def test_request_signals_surround_a_handler_that_fails(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0", PROJECT_BOLT='{"EMIT_SIGNALS": true}') as server:
        for kind in ("async", "plain", "def", "inline"):
            assert server.get(f"/fails/{kind}").status == 500
        assert eventually(lambda: server.events().count("request_finished") == 4)
        assert server.events().count("request_started") == 4
        assert sum(event.startswith("got_request_exception") for event in server.events()) == 4


def test_request_signals_are_sent_for_what_is_refused(make_server: MakeServer) -> None:
    """The signals fire for each request, whoever answers it."""
    with make_server("127.0.0.1:0", PROJECT_BOLT='{"EMIT_SIGNALS": true}') as server:
        assert server.get("/nowhere").status == 404
        assert server.get("/typed/number/x").status == 422
        assert eventually(lambda: server.events().count("request_finished") == 2, timeout=1)
        assert server.events().count("request_started") == 2


@pytest.mark.parametrize(
    "kind",
    ["async", "plain", "def", "inline"],
)
def test_a_failure_is_logged_and_signalled_exactly_once(server: Server, kind: str) -> None:
    path = f"/fails/{kind}"
    with server.log_of() as written:
        response = server.get(path)
    assert (response.status, json.loads(response.body)) == (500, {"detail": "Internal Server Error"})
    log = written()
    assert log.count("LOG ERROR django.request Internal Server Error: " + path) == 1
    assert log.count("Traceback (most recent call last)") == 1
    assert log.count("ValueError: the secret reason") == 1
    assert log.count("LOG ") == 1
    assert server.events().count(f"got_request_exception {path}") == 1


def test_an_uncaught_does_not_exist_is_the_programmers_error(database_server: Server) -> None:
    with database_server.log_of() as written:
        assert database_server.get("/missing/object").status == 500
    assert "Item.DoesNotExist" in written()


def test_http404_is_the_clients_and_no_error(server: Server) -> None:
    with server.log_of() as written:
        response = server.get("/missing/http404")
    assert (response.status, json.loads(response.body)) == (404, {"detail": "no such thing"})
    assert "ERROR" not in written()
    assert "Traceback" not in written()


@pytest.mark.parametrize(
    "data",
    [
        request("GET", "/typed/number/x"),
        request("GET", "/typed/query?n=x"),
        request("GET", "/nowhere"),
        request("DELETE", "/hello"),
        post("/typed/person", b"{"),
        post("/typed/person", b'{"name": 1}'),
        post("/typed/dict", b"[]"),
    ],
    ids=lambda data: data.split(b"\r\n")[0].decode(),
)
def test_a_clients_mistake_never_logs_a_traceback(server: Server, data: bytes) -> None:
    with server.log_of(settle=0.05) as written:
        response = server.ask(data)
    assert response is not None
    assert 400 <= response.status < 500
    log = written()
    assert "Traceback" not in log
    assert "ERROR" not in log
    assert len(log.splitlines()) <= 1
