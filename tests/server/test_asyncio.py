"""What asyncio offers works inside handlers as anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.server.harness import Server, eventually


def event(server: Server, tag: str) -> Any:
    return json.loads(server.get(f"/asyncio/events/{tag}").body)["event"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("timeout", "timed out"),
        ("group", [0, 2, 4]),
        ("failing-group", ["0", "1"]),
        ("current-task", {"task": True, "same": True}),
        ("current-task-plain", {"loop": True}),
        ("subprocess", "0 tlob"),
        ("streams", "True tlob"),
        ("to-thread", 6),
    ],
)
def test_works_inside_a_handler(database_server: Server, path: str, expected: Any) -> None:
    response = database_server.get(f"/asyncio/{path}")
    body = response.body.decode()
    assert response.status == 200, body
    assert (body if isinstance(expected, str) else json.loads(body)) == expected


def test_a_task_outlives_its_request_and_uses_the_orm(database_server: Server) -> None:
    assert json.loads(database_server.get("/asyncio/task/lamp").body) == {"done": False}
    assert eventually(lambda: event(database_server, "lamp")) == 1


def test_a_timer_left_behind_by_a_handler_fires(database_server: Server) -> None:
    assert database_server.get("/asyncio/call-later/timer").status == 200
    assert eventually(lambda: event(database_server, "timer")) == "fired"


def test_a_thread_wakes_the_loop(database_server: Server) -> None:
    database_server.get("/asyncio/remember-loop")
    assert database_server.get("/asyncio/threadsafe/thread").status == 200
    assert eventually(lambda: event(database_server, "thread")) == "called"


@pytest.mark.parametrize("handler", ["abandoned", "abandoned-plain"])
def test_the_finally_of_an_abandoned_generator_runs(database_server: Server, handler: str) -> None:
    assert database_server.get(f"/asyncio/{handler}/{handler}").status == 200
    assert eventually(lambda: event(database_server, handler)) == "closed"
