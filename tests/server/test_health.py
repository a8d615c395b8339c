"""/health and /ready of a real server: for probes, not for people, and right when something is down."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.server.harness import Response, Server, eventually, request

MakeServer = Callable[..., Server]
LOCAL = "127.0.0.1:0"


def bolt(**settings: Any) -> str:
    """Return settings as the project reads them."""
    return json.dumps({name.upper(): value for name, value in settings.items()})


def content(response: Response | None) -> tuple[int, Any]:
    """Return status and body."""
    assert response is not None
    return response.status, json.loads(response.body)


def test_a_healthy_server(make_server: MakeServer) -> None:
    with make_server(LOCAL, PROJECT_BOLT=bolt(ready_checks=["database", "cache"])) as server:
        assert content(server.get("/health")) == (200, {"status": "ok"})
        ready = server.get("/ready")
        checks = {"database": {"status": "ok"}, "cache": {"status": "ok"}}
        assert content(ready) == (200, {"status": "ok", "checks": checks})
        assert ready.header("cache-control") == "no-store"
        with server.connect() as wire:
            assert wire.send(request("HEAD", "/health")).answer(head=True).status == 200
        assert content(server.ask(request("POST", "/ready")))[0] == 405
        assert "/ready" not in json.loads(server.get("/openapi.json").body)["paths"]


def test_a_database_that_is_down(make_server: MakeServer, tmp_path: Path) -> None:
    secret = tmp_path / "c4n4ry" / "db.sqlite3"
    with make_server(LOCAL, PROJECT_DATABASE=str(secret)) as server:
        assert content(server.get("/health")) == (200, {"status": "ok"})
        down = server.get("/ready")
        assert content(down) == (503, {"status": "unavailable", "checks": {"database": {"status": "failed"}}})
        assert b"c4n4ry" not in down.body
        assert eventually(
            lambda: "LOG WARNING django_bolt.health Not ready: database: OperationalError" in server.log()
        )
        secret.parent.mkdir()
        assert eventually(lambda: server.get("/ready").status == 200)
        assert "LOG INFO django_bolt.health Ready again: database" in server.log()


def test_migrations(make_server: MakeServer) -> None:
    with make_server(LOCAL, PROJECT_BOLT=bolt(ready_checks=["migrations"])) as server:
        assert content(server.get("/ready")) == (
            503,
            {"status": "unavailable", "checks": {"migrations": {"status": "failed"}}},
        )
        server.migrate()
        assert eventually(lambda: server.get("/ready").status == 200)


def test_checks_of_the_projects_own(make_server: MakeServer, tmp_path: Path) -> None:
    switch = tmp_path / "switch"
    own = ["mysite.logged.switched_on", "mysite.logged.switched_on_async"]
    with make_server(LOCAL, PROJECT_BOLT=bolt(ready_checks=own), PROJECT_SWITCH=str(switch)) as server:
        failed = {name: {"status": "failed"} for name in own}
        assert content(server.get("/ready")) == (503, {"status": "unavailable", "checks": failed})
        switch.touch()
        # The answer of the last second is given again.
        assert server.get("/ready").status == 503
        assert eventually(lambda: server.get("/ready").status == 200)
    with make_server(
        LOCAL, PROJECT_BOLT=bolt(ready_checks=own[1:], debug=True), PROJECT_SWITCH=str(tmp_path / "none")
    ) as server:
        assert b"the secret reason" in server.get("/ready").body


def test_a_check_that_hangs_costs_nobody_else_anything(make_server: MakeServer) -> None:
    with (
        make_server(LOCAL, PROJECT_BOLT=bolt(ready_checks=["mysite.logged.hangs"])) as server,
        server.connect() as wire,
    ):
        wire.send(request("GET", "/ready"))
        for path in ("/health", "/hello", "/def"):
            assert server.get(path).status == 200
        began = time.monotonic()
        assert wire.answer().status == 503
        assert time.monotonic() - began > 2


def test_probes_come_by_any_host_and_past_the_limit(make_server: MakeServer) -> None:
    with (
        make_server(LOCAL, PROJECT_BOLT=bolt(max_in_flight=1), PROJECT_HOSTS='["site.example"]') as server,
        server.connect() as wire,
    ):
        wire.send(request("GET", "/slow?seconds=1", host="site.example"))
        eventually(lambda: content(server.ask(request("GET", "/hello", host="site.example")))[0] == 503)
        for path in ("/health", "/ready"):
            assert content(server.ask(request("GET", path, host="10.0.0.7:8000")))[0] == 200
        assert wire.answer().status == 200
        assert content(server.ask(request("GET", "/hello", host="10.0.0.7:8000")))[0] == 400


def test_a_server_that_drains_is_never_called_ready(make_server: MakeServer) -> None:
    with make_server(LOCAL) as server, server.connect() as busy:
        assert server.get("/ready").status == 200
        busy.send(request("GET", "/slow?seconds=1.5"))
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert probed(server) in (None, 503)
        assert busy.answer().status == 200


def probed(server: Server) -> int | None:
    """Return the status of /ready, None where nobody listens any more."""
    try:
        response = server.ask(request("GET", "/ready"))
    except ConnectionRefusedError:
        return None
    return response.status if response else None


def test_they_can_be_switched_off(make_server: MakeServer) -> None:
    with make_server(LOCAL, PROJECT_BOLT=bolt(health=False)) as server:
        assert [server.get(path).status for path in ("/health", "/ready")] == [404, 404]
