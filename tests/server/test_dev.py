"""`runbolt --dev`: restarts when files change, with no refused connection, through mistakes, to a clean end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.server.harness import PROJECT, Server, Wire, eventually, request

MakeServer = Callable[..., Server]
MISTAKE = "\nthis is no Python\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, to be changed."""
    copy = tmp_path / "project"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture
def server(make_server: MakeServer, project: Path) -> Iterator[Server]:
    """The copy, served with `--dev`."""
    with make_server("--dev", "127.0.0.1:0", project=project) as running:
        yield running


def served(server: Server) -> bytes:
    return server.get("/second/ping").body


def child_of(server: Server) -> int:
    return int(server.get("/pid").body)


def gone(pid: int) -> bool:
    """Tell whether a process has ended; one that nobody has waited for yet has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def change(project: Path, text: str = '"changed"') -> Path:
    api = project / "mysite" / "bolt_api.py"
    api.write_text(api.read_text().replace('"mysite.bolt_api"', text))
    return api


def test_a_change_is_said_and_served(server: Server, project: Path) -> None:
    assert served(server) == b'{"module":"mysite.bolt_api"}'
    with pytest.raises(ConnectionRefusedError):
        Wire(server.port, "127.0.0.2")
    first = child_of(server)
    change(project)
    eventually(lambda: served(server) == b'{"module":"changed"}')
    assert child_of(server) not in (first, server.process.pid)
    assert "mysite/bolt_api.py changed, restarting\n" in server.log()


def test_a_mistake_made_meanwhile_is_shown_and_survived(server: Server, project: Path) -> None:
    api = project / "mysite" / "bolt_api.py"
    right = api.read_text()
    api.write_text(right + MISTAKE)
    eventually(lambda: "The server ended with code 1; it starts again when a file changes." in server.log())
    assert "SyntaxError" in server.log()
    assert "this is no Python" in server.log()
    assert server.process.poll() is None
    api.write_text(right.replace('"mysite.bolt_api"', '"mended"'))
    # The connection is accepted by the system, and answered once somebody serves.
    assert served(server) == b'{"module":"mended"}'


def test_a_mistake_at_the_first_start_is_shown_and_survived(make_server: MakeServer, project: Path) -> None:
    api = project / "mysite" / "bolt_api.py"
    right = api.read_text()
    api.write_text(right + MISTAKE)
    server = make_server("--dev", "127.0.0.1:0", project=project).launch()
    try:
        eventually(lambda: "The server ended with code 1" in server.log(), timeout=30)
        assert "SyntaxError" in server.log()
        api.write_text(right)
        server.port = server.wait_for_banner()
        assert served(server) == b'{"module":"mysite.bolt_api"}'
    finally:
        server.end()


def test_files_that_are_no_code_restart_nothing(server: Server, project: Path) -> None:
    first = child_of(server)
    (project / "notes.txt").write_text("nothing to run")
    (project / "db.sqlite3-journal").write_text("")
    # What is changed behind them is seen behind them.
    change(project)
    eventually(lambda: child_of(server) != first)
    assert server.log().count("changed, restarting") == 1


def test_no_connection_is_refused_during_a_restart(server: Server, project: Path) -> None:
    over = threading.Event()
    answers: list[bytes] = []
    failures: list[OSError] = []

    def ask() -> None:
        while not over.is_set():
            try:
                with socket.create_connection(("127.0.0.1", server.port), timeout=20):
                    pass
            except OSError as error:
                failures.append(error)
            over.wait(0.005)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        change(project)
        eventually(lambda: "changed, restarting" in server.log())
        # Sent while nobody may be there to answer: it waits.
        answers.append(eventually(lambda: (found := server.ask(request("GET", "/second/ping"))) and found.body))
        eventually(lambda: served(server) == b'{"module":"changed"}')
    finally:
        over.set()
        asking.join()
    assert failures == []
    assert answers[0].startswith(b'{"module":')


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_both(make_server: MakeServer, number: int) -> None:
    with make_server("--dev", "127.0.0.1:0") as server:
        child = child_of(server)
        assert server.end(number) == 0
        assert gone(child)
        assert "Traceback" not in server.log()
        assert server.events()[-2:] == ["on_stop", "lifespan left"]
        with pytest.raises(ConnectionRefusedError):
            Wire(server.port)


def test_the_child_ends_when_its_parent_is_killed(make_server: MakeServer) -> None:
    with make_server("--dev", "127.0.0.1:0") as server:
        child = child_of(server)
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        eventually(lambda: gone(child))


def test_a_port_that_is_taken_is_one_line(make_server: MakeServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = make_server("--dev", f"127.0.0.1:{taken.getsockname()[1]}").launch()
        assert server.process.wait(30) == 1
    assert "that port is already in use" in server.log()
    assert "Traceback" not in server.log()


def test_a_changed_template_restarts(make_server: MakeServer, project: Path) -> None:
    page = project / "shop" / "templates" / "page.html"
    page.parent.mkdir()
    page.write_text("old")
    with make_server("--dev", "127.0.0.1:0", project=project) as server:
        first = child_of(server)
        page.write_text("new")
        eventually(lambda: child_of(server) != first)
        assert "shop/templates/page.html changed, restarting\n" in server.log()


def test_unapplied_migrations_are_told_of(server: Server) -> None:
    assert "unapplied migration(s)" in server.log()
    assert "auth" in server.log()


def test_a_database_that_is_down_is_no_obstacle(make_server: MakeServer, tmp_path: Path) -> None:
    nowhere = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "missing" / "db")}}
    with make_server("--dev", "127.0.0.1:0", databases=nowhere) as server:
        assert "Cannot ask the database for unapplied migrations" in server.log()
        assert server.get("/hello").status == 200
