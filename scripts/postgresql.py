"""Throw-away PostgreSQL and PgBouncer servers on loopback, for tests and benchmarks, from the system's own binaries.

The clusters of the system's own packages are never touched; no test framework and no Django belongs here.
"""

from __future__ import annotations

import atexit
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Literal, Self
from urllib.parse import quote

HOST = "127.0.0.1"
USER = "bolt"
START_SECONDS = 30.0
STOP_SECONDS = 20.0
VERSIONS = Path("/usr/lib/postgresql")
"""Where Debian keeps one folder for each version."""
INSTALL = "scripts/services.sh installs it on Debian and Ubuntu"

# What `pg_ctl stop -m MODE` sends.
STOP_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}

# A crash of the machine may lose everything in it, and it leaves room for other work.
POSTGRESQL_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "300",
    "shared_buffers": "32MB",
    "timezone": "UTC",
}
PGBOUNCER_SETTINGS = {
    "pool_mode": "transaction",
    "max_client_conn": "500",
    "default_pool_size": "20",
}


class ServiceFailed(RuntimeError):
    """A server that did not start, ended by itself or refused a command; the message has what it said."""


def free_port() -> int:
    """Return a loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def postgresql_binaries() -> Path | None:
    """Return the folder with `initdb` and `postgres`: Debian's newest, else that on PATH; None where there is none."""
    versions = [path.parent for path in VERSIONS.glob("*/bin/initdb")]
    versions.sort(key=lambda folder: [int(number) for number in re.findall(r"\d+", folder.parent.name)])
    on_path = shutil.which("initdb")
    return versions[-1] if versions else Path(on_path).resolve().parent if on_path else None


def pgbouncer_binary() -> str | None:
    """Return the path of `pgbouncer`, which Debian keeps off an ordinary user's PATH; None where there is none."""
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")


def other_user() -> pwd.struct_passwd | None:
    """Return whom the servers run as where this is root, whom they refuse; None where it is not."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServiceFailed("this is root, which PostgreSQL refuses, and there is neither a user postgres nor nobody")


class Service:
    """One server process with a port and a temporary directory of its own, which both go when it stops.

    Used as `with PostgreSQL() as server:` or by `start()` and `stop()`; what is still running when Python exits is
    stopped then.
    """

    port: int
    """The loopback port it listens on; the same after a restart."""
    directory: Path
    process: subprocess.Popen[bytes] | None = None

    def __init__(self) -> None:
        self._starter = 0

    @staticmethod
    def unavailable() -> str:
        """Say why no such server can be started here; empty where one can."""
        raise NotImplementedError

    def _prepare(self) -> None:
        """Write everything the server needs into `directory`."""
        raise NotImplementedError

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _ready(self) -> bool:
        with suppress(OSError), socket.create_connection((HOST, self.port), timeout=1):
            return True
        return False

    def start(self) -> Self:
        """Start the server and return when it takes connections, in about two seconds.

        Raises ServiceFailed where it cannot be started.
        """
        if reason := self.unavailable():
            raise ServiceFailed(reason)
        self.directory = Path(tempfile.mkdtemp(prefix="bolt-"))
        self._starter = os.getpid()
        atexit.register(self.stop)
        try:
            self._give(self.directory)
            self.port = free_port()
            self._prepare()
            self._launch()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the server and remove its directory; without effect where that has happened, or in a forked process."""
        if os.getpid() != self._starter:
            return
        self._end(signal.SIGINT)
        shutil.rmtree(self.directory, ignore_errors=True)
        atexit.unregister(self.stop)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process that was started; raises ServiceFailed where it has ended."""
        if self.process is None or self.process.poll() is not None:
            raise ServiceFailed(f"{type(self).__name__} is not running; the end of its log:\n{self.log()[-2000:]}")
        return self.process.pid

    def log(self) -> str:
        """Return everything the server wrote; empty after `stop()`."""
        with suppress(OSError):
            return (self.directory / "log").read_text(errors="replace")
        return ""

    def _give(self, path: Path) -> None:
        if user := other_user():
            os.chown(path, user.pw_uid, user.pw_gid)

    def _popen(self, command: list[str], output: IO[bytes] | int) -> subprocess.Popen[bytes]:
        user = other_user()
        return subprocess.Popen(
            command,
            cwd=self.directory,
            # Nothing of the caller's: PGDATA and its kind would decide what is started.
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.directory), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Control-C at the terminal is for the caller, who then stops the server.
            start_new_session=True,
            user=user and user.pw_uid,
            group=user and user.pw_gid,
            extra_groups=[] if user else None,
        )

    def _launch(self) -> None:
        with (self.directory / "log").open("ab") as log:
            self.process = self._popen(self._command(), log)
        deadline = time.monotonic() + START_SECONDS
        while self.pid and not self._ready():
            if time.monotonic() > deadline:
                raise ServiceFailed(f"{type(self).__name__} is not ready after {START_SECONDS:.0f} s:\n{self.log()}")
            time.sleep(0.02)

    def _end(self, number: int) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None


class PostgreSQL(Service):
    """A PostgreSQL server with one superuser, `bolt`, and a random password, so that only its starter can use it.

    `options` are settings of the server in addition to, or in place of, `POSTGRESQL_SETTINGS`.
    """

    def __init__(self, **options: str) -> None:
        super().__init__()
        self.options = {**POSTGRESQL_SETTINGS, **options}
        self.password = secrets.token_hex(16)

    @staticmethod
    def unavailable() -> str:
        """Say why no server can be started here; empty where one can."""
        return "" if postgresql_binaries() else f"PostgreSQL is not installed (no initdb found); {INSTALL}"

    def restart(self, mode: Literal["smart", "fast", "immediate"] = "fast", *, pause: float = 0.0) -> None:
        """Do what `pg_ctl restart -m MODE` does, with `pause` seconds between end and start."""
        self._end(STOP_SIGNALS[mode])
        time.sleep(pause)
        self._launch()

    def execute(self, sql: str, *, database: str = "postgres") -> str:
        """Run SQL through `psql` and return its rows, columns parted by `|`; raises ServiceFailed with its error."""
        where = ["--host", HOST, "--port", str(self.port), "--username", USER, "--dbname", database]
        done = subprocess.run(
            [self._binary("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", *where, "-c", sql],
            env={"PATH": os.environ.get("PATH", os.defpath), "PGPASSWORD": self.password},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ServiceFailed(f"{sql}: {done.stderr.strip()}")
        return done.stdout.strip()

    def create_database(self, name: str) -> str:
        """Make an empty database and return its name."""
        self.execute(f'CREATE DATABASE "{name}"')
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected to it; without effect where there is none."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def dsn(self, name: str = "postgres") -> str:
        """Return the address of a database, as libpq takes it."""
        return address(self.password, self.port, name)

    def settings(self, name: str = "postgres", **more: Any) -> dict[str, Any]:
        """Return the entry of Django's `DATABASES` for a database, with `more` added."""
        return django_settings(self.password, self.port, name, more)

    def _binary(self, name: str) -> str:
        folder = postgresql_binaries()
        return str(folder / name) if folder and (folder / name).exists() else name

    def _prepare(self) -> None:
        password = self.directory / "password"
        password.touch(mode=0o600)
        password.write_text(self.password)
        self._give(password)
        made = self._popen(
            [
                *(self._binary("initdb"), "--pgdata", "data", "--username", USER, "--pwfile", "password"),
                # Nobody else may enter the directory, so the socket in it needs no password.
                *("--auth-local", "trust", "--auth-host", "scram-sha-256"),
                *("--encoding", "UTF8", "--locale", "C", "--no-sync"),
            ],
            subprocess.PIPE,
        )
        output, _ = made.communicate()
        if made.returncode:
            raise ServiceFailed(f"initdb ended with {made.returncode}:\n{output.decode(errors='replace')}")

    def _command(self) -> list[str]:
        here = {"listen_addresses": HOST, "port": str(self.port), "unix_socket_directories": str(self.directory)}
        settings = [f"--{name}={value}" for name, value in {**self.options, **here}.items()]
        return [self._binary("postgres"), "-D", str(self.directory / "data"), *settings]

    def _ready(self) -> bool:
        # The first line is the process id, the eighth the state. After an immediate stop an old file lies there.
        with suppress(OSError):
            lines = (self.directory / "data" / "postmaster.pid").read_text().splitlines()
            return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"
        return False


class PgBouncer(Service):
    """A PgBouncer in transaction mode in front of a running server, for the same user and password.

    `options` are settings in addition to, or in place of, `PGBOUNCER_SETTINGS`.
    """

    def __init__(self, server: PostgreSQL, **options: str) -> None:
        super().__init__()
        self.server = server
        self.options = {**PGBOUNCER_SETTINGS, **options}

    @staticmethod
    def unavailable() -> str:
        """Say why no PgBouncer can be started here; empty where one can."""
        return "" if pgbouncer_binary() else f"PgBouncer is not installed; {INSTALL}"

    def dsn(self, name: str = "postgres") -> str:
        """Return the address of a database by way of this PgBouncer, as libpq takes it."""
        return address(self.server.password, self.port, name)

    def settings(self, name: str = "postgres", **more: Any) -> dict[str, Any]:
        """Return the entry of Django's `DATABASES`, with `more` added; no cursor outlives a transaction."""
        return django_settings(self.server.password, self.port, name, {"DISABLE_SERVER_SIDE_CURSORS": True, **more})

    def _prepare(self) -> None:
        here = {
            "listen_addr": HOST,
            "listen_port": str(self.port),
            "unix_socket_dir": "",
            "auth_type": "scram-sha-256",
            "auth_file": "users",
        }
        lines = [f"{name} = {value}" for name, value in {**self.options, **here}.items()]
        databases = f"[databases]\n* = host={HOST} port={self.server.port}\n"
        self._write("users", f'"{USER}" "{self.server.password}"\n')
        self._write("pgbouncer.ini", "\n".join([databases, "[pgbouncer]", *lines, ""]))

    def _write(self, name: str, text: str) -> None:
        path = self.directory / name
        path.touch(mode=0o600)
        path.write_text(text)
        self._give(path)

    def _command(self) -> list[str]:
        return [pgbouncer_binary() or "pgbouncer", "pgbouncer.ini"]


def address(password: str, port: int, name: str) -> str:
    """Return a database's address, as libpq takes it, for the user that both servers know."""
    return f"postgresql://{USER}:{password}@{HOST}:{port}/{quote(name, safe='')}"


def django_settings(password: str, port: int, name: str, more: dict[str, Any]) -> dict[str, Any]:
    """Return an entry of Django's `DATABASES` for the user that both servers know."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": USER,
        "PASSWORD": password,
        "HOST": HOST,
        "PORT": str(port),
        **more,
    }
