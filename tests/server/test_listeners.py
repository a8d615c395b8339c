"""What a server listens on beside a port: Unix sockets, a certificate, and what systemd passed on."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from django_bolt._server.listen import CannotListen, listening, passed_socket
from django_bolt.conf import Configuration

PASSED = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ["LISTEN_PID"], os.environ["LISTEN_FDS"] = str(os.getpid()), "1"
from django_bolt._server.listen import passed_socket
listener = passed_socket()
print(listener.getsockname()[1], listener.get_inheritable(), "LISTEN_FDS" in os.environ)
"""


def test_a_unix_socket_has_its_mode_and_is_removed_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "bolt.sock"
    with listening(Configuration(unix_socket=str(path), unix_socket_mode=0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
    assert not path.exists()


def test_a_stale_socket_is_replaced_and_a_live_one_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "bolt.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with listening(Configuration(unix_socket=str(path))):
        second = listening(Configuration(unix_socket=str(path)))
        with pytest.raises(CannotListen, match="another server listens on it"), second:
            raise AssertionError("two servers listen on one socket")
        assert path.exists()


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("mine")
    with pytest.raises(CannotListen, match="no socket"), listening(Configuration(unix_socket=str(path))):
        pass
    assert path.read_text() == "mine"


def test_an_owner_that_is_not_there_is_one_line_and_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "bolt.sock"
    configuration = Configuration(unix_socket=str(path), unix_socket_owner=":no-such-group")
    with pytest.raises(CannotListen, match="no-such-group") as caught, listening(configuration):
        pass
    assert "\n" not in str(caught.value) and not path.exists()


def test_what_systemd_passes_on_is_taken_once_and_not_inherited() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = subprocess.run(
            [sys.executable, "-c", PASSED, str(listener.fileno())],
            pass_fds=[listener.fileno()],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        assert made.stdout.split() == [str(listener.getsockname()[1]), "False", "False"]


def test_what_was_meant_for_another_process_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_PID", str(os.getpid() + 1))
    monkeypatch.setenv("LISTEN_FDS", "1")
    assert passed_socket() is None
