"""`manage.py runbolt`: what it serves, its flags over the settings, its one-line refusals and its end."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.server.harness import PROJECT, Server, Wire, eventually, free_port, request

MakeServer = Callable[..., Server]


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("/second/ping", "mysite.bolt_api"),
        ("/shop/ping", "shop.api"),
        ("/shop-too/ping", "shop.bolt_api"),
    ],
)
def test_every_api_beside_the_settings_and_in_apps_is_served(server: Server, path: str, module: str) -> None:
    assert json.loads(server.get(path).body) == {"module": module}
    assert server.get("/hello").status == 200
    assert json.loads(server.get("/v1/ping").body) == {"message": "pong"}


def test_the_banner_says_what_is_served_and_how_to_stop_it(server: Server) -> None:
    log = server.log()
    assert "using settings 'mysite.settings'" in log
    assert f"routes at http://127.0.0.1:{server.port}/" in log
    assert f"Documentation at http://127.0.0.1:{server.port}/docs" in log
    assert "Quit the server with CONTROL-C." in log
    assert log.count("Serving ") == 1


def test_the_banner_names_what_is_off(make_server: MakeServer) -> None:
    settings = json.dumps({"HEALTH": False, "WATCHDOG": 0})
    with make_server("127.0.0.1:0", "--threads", "3", "--access-log", "off", PROJECT_BOLT=settings) as server:
        assert "1 process, 3 threads for def handlers\n" in server.log()
        assert "Off: access log, /health and /ready, watchdog\n" in server.log()


def test_the_documentation_loads_nothing_from_elsewhere(server: Server) -> None:
    page = server.get("/docs")
    assert page.status == 200
    assert b"http://" not in page.body.replace(b"http://www.w3.org", b"")
    assert b"https://" not in page.body
    assert server.get("/openapi.json").status == 200


@pytest.mark.parametrize(
    "arguments",
    [["{port}"], ["127.0.0.1:{port}"], ["--port", "{port}"], ["--host", "127.0.0.1", "--port", "{port}"]],
    ids=["port", "address and port", "--port", "--host --port"],
)
def test_the_address_of_the_command_line(make_server: MakeServer, arguments: list[str]) -> None:
    port = free_port()
    with make_server(*(argument.format(port=port) for argument in arguments)) as server:
        assert server.port == port
        server.assert_well()


def test_without_a_host_every_interface_is_served(make_server: MakeServer) -> None:
    with make_server("--port", "0") as server, Wire(server.port, "127.0.0.2") as wire:
        assert wire.send(request("GET", "/hello")).answer().status == 200


def test_settings_give_the_defaults_and_flags_beat_them(make_server: MakeServer) -> None:
    port, other = free_port(), free_port()
    settings = json.dumps({"host": "127.0.0.1", "PORT": port, "BACKLOG": 9, "KEEP_ALIVE": 1})
    with make_server(PROJECT_BOLT=settings) as server:
        assert server.port == port
        with pytest.raises(ConnectionRefusedError):
            Wire(port, "127.0.0.2")
        assert backlog(port) == 9
        with server.connect() as wire:
            assert wire.send(request("GET", "/hello")).answer().status == 200
            assert wire.closed(timeout=5), "KEEP_ALIVE of one second kept an idle connection for five"
    with make_server("--port", str(other), "--backlog", "7", "--keep-alive", "30", PROJECT_BOLT=settings) as server:
        assert server.port == other
        assert backlog(other) == 7
        with server.connect() as wire:
            assert wire.send(request("GET", "/hello")).answer().status == 200
            assert not wire.closed(timeout=2), "--keep-alive 30 did not beat KEEP_ALIVE of one second"


def backlog(port: int) -> int:
    """Return how many connections may wait at the socket that listens on `port`."""
    ss = shutil.which("ss")
    if ss is None:
        pytest.skip("needs the program ss")
    shown = subprocess.run([ss, "-Hltn", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
    return int(shown.split()[2])


def test_keep_alive_of_zero_closes_behind_each_answer(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0", "--keep-alive", "0") as server, server.connect() as wire:
        assert wire.send(request("GET", "/hello")).answer().status == 200
        assert wire.closed(timeout=3)


@pytest.mark.parametrize(
    ("arguments", "settings", "expected"),
    [
        (["--processes", "0"], {}, "from 1 to 1024"),
        (["--workers", "0"], {}, "from 1 to 1024"),
        (["--processes", "1", "--workers", "2"], {}, "disagree"),
        ([], {"POST_FORK": "mysite.nowhere.hook"}, "'mysite.nowhere.hook', which cannot be imported"),
        ([], {"PROCESSES": 1, "WORKERS": 2}, "expected one value for one setting"),
        ([], {"WORKER": 1}, "found the key 'WORKER'"),
        (["--port", "65536"], {}, "from 0 to 65535"),
        (["nonsense"], {}, "not a valid port number or address:port pair"),
        (["--tls-key", "site.key"], {}, "without TLS_CERTIFICATE"),
        (["--tls-certificate", "nowhere.pem"], {}, "cannot be read (No such file or directory)"),
        (["--unix-socket", "/nowhere/bolt.sock"], {}, "whose directory does not exist"),
        (["--unix-socket", "bolt.sock", "--port", "8000"], {}, "expected one place to listen on"),
        ([], {"POST_FORK": "nowhere.start"}, "POST_FORK='nowhere.start', which cannot be imported"),
        ([], {"ACCESS_LOG_FILE": "/nowhere/access.log"}, "whose directory does not exist"),
    ],
)
def test_what_cannot_be_served_is_refused_in_one_line(
    make_server: MakeServer, arguments: list[str], settings: dict[str, int], expected: str
) -> None:
    server = make_server(PROJECT_BOLT=json.dumps(settings))
    refused = server.manage("runbolt", *arguments)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert expected in refused.stderr
    assert len(refused.stderr.splitlines()) == 1, refused.stderr


def test_a_port_in_use_is_refused_in_one_line(make_server: MakeServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = make_server().manage("runbolt", f"127.0.0.1:{port}")
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert refused.stderr.endswith(f": Cannot listen on 127.0.0.1 port {port}: that port is already in use.\n")


def test_two_servers_never_share_a_port(server: Server, make_server: MakeServer) -> None:
    refused = make_server().manage("runbolt", f"127.0.0.1:{server.port}")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("@api.get('/hello')\nasync def again() -> None: ...", ["GET /hello", "again", "hello"]),
        ("@api.get('/more')\nasync def more(**options: str) -> None: ...", ["more", "**options"]),
        ("@api.get('/more')\nasync def more(*names: str) -> None: ...", ["more", "*names"]),
        ("@api.get('/more', guards=[object()])\nasync def more() -> None: ...", ["GET /more", "guards"]),
    ],
    ids=["two handlers for one route", "**kwargs", "*args", "a guard that nothing enforces"],
)
def test_a_wrong_declaration_is_refused_at_start(
    make_server: MakeServer, tmp_path: Path, line: str, expected: list[str]
) -> None:
    project = copy_of_the_project(tmp_path)
    with (project / "mysite" / "api.py").open("a") as file:
        file.write(f"\n\n{line}\n")
    refused = make_server(project=project).manage("runbolt", "127.0.0.1:0")
    assert refused.returncode == 1
    for part in expected:
        assert part in refused.stderr
    assert len(refused.stderr.splitlines()) == 1, refused.stderr
    assert refused.stdout == ""


def test_no_api_is_refused_in_one_line(make_server: MakeServer, tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path)
    for app in ("mysite", "shop"):
        for name in ("api.py", "bolt_api.py"):
            (project / app / name).unlink()
    refused = make_server(project=project).manage("runbolt", "127.0.0.1:0")
    assert refused.returncode == 1
    assert "No API found" in refused.stderr
    assert "mysite.api" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1, refused.stderr


@pytest.mark.parametrize(
    ("line", "reason", "place"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'", "in <module>"),
        ("this is no Python", "SyntaxError: invalid syntax", "this is no Python"),
        ("def deep():\n    return 1 / 0\n\ndeep()", "ZeroDivisionError: division by zero", "in deep"),
    ],
    ids=["import", "syntax", "error"],
)
def test_a_module_that_cannot_be_imported_is_named_with_its_own_traceback(
    make_server: MakeServer, tmp_path: Path, line: str, reason: str, place: str
) -> None:
    project = copy_of_the_project(tmp_path)
    with (project / "shop" / "api.py").open("a") as file:
        file.write(f"\n{line}\n")
    for command in (["runbolt", "127.0.0.1:0"], ["bolt_routes"]):
        refused = make_server(project=project).manage(*command)
        assert (refused.returncode, refused.stdout) == (1, "")
        heading, empty, *traceback = refused.stderr.splitlines()
        assert heading.startswith(f"CannotImport: Cannot import shop.api: {reason}")
        assert empty == ""
        assert any(place in text for text in traceback)
        assert traceback[-1].startswith(reason.partition(":")[0])
        # The way to the project's line is nobody's concern.
        assert "django_bolt" not in "".join(traceback)
        assert "importlib" not in "".join(traceback)


def test_a_server_starts_while_its_database_is_down(make_server: MakeServer) -> None:
    down = {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": str(free_port()), "NAME": "none"}
    for arguments in ([], ["--dev"]):
        with make_server(
            *arguments, "--host", "127.0.0.1", "--port", str(free_port()), databases={"default": down}
        ) as server:
            assert server.get("/hello").status == 200
            assert "Traceback" not in server.log()
            server.end(signal.SIGINT if arguments else signal.SIGTERM)


def test_a_lifespan_that_fails_ends_the_command_with_its_reason(make_server: MakeServer, tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path)
    with (project / "mysite" / "api.py").open("a") as module:
        module.write('\n\n@api.on_start\ndef refuse() -> None:\n    raise RuntimeError("the queue is not there")\n')
    server = make_server("127.0.0.1:0", project=project).launch()
    assert server.process.wait(timeout=30) == 1
    assert "RuntimeError: the queue is not there" in server.log()
    assert server.log().count("Traceback") == 1


def test_ipv6(make_server: MakeServer) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")
    with make_server("--host", "::1", "--port", "0") as server, Wire(server.port, "::1") as wire:
        assert wire.send(request("GET", "/hello", host="[::1]")).answer().status == 200
        assert eventually(server.access_log)[0].startswith("::1 ")


def copy_of_the_project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("__pycache__"))
    return project


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_lets_requests_in_flight_finish(make_server: MakeServer, number: int) -> None:
    with make_server("127.0.0.1:0") as server:
        with server.connect() as idle, server.connect() as coroutine, server.connect() as thread:
            assert idle.send(request("GET", "/hello")).answer().status == 200
            coroutine.send(request("GET", "/slow?seconds=1"))
            thread.send(request("GET", "/slow-def?seconds=1"))
            # Both are in the server once a later request has been answered.
            server.assert_well()
            ended: list[int] = []
            ending = threading.Thread(target=lambda: ended.append(server.end(number)))
            ending.start()
            assert coroutine.answer().body == b'{"message":"late"}'
            assert thread.answer().body == b'{"message":"late"}'
            ending.join()
        assert ended == [0]
        assert "Traceback" not in server.log()
        with pytest.raises(ConnectionRefusedError):
            server.connect()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_start_and_stop_hooks_run_once_in_the_process(make_server: MakeServer, number: int) -> None:
    with make_server("127.0.0.1:0") as server:
        server.assert_well()
        assert server.events() == ["lifespan entered", "on_start", "async on_start"]
        assert server.end(number) == 0
        assert server.events() == ["lifespan entered", "on_start", "async on_start", "on_stop", "lifespan left"]
        pids = {line.split()[0] for line in server.events_path.read_text().splitlines()}
        assert pids == {str(server.worker)}
