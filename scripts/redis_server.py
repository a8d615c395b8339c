"""A throw-away Redis server on loopback, for tests and benchmarks, from the system's own binary."""

from __future__ import annotations

import shutil
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from scripts.postgresql import HOST, INSTALL, START_SECONDS, Service, ServiceFailed, free_port

__all__ = ["PEM", "Redis"]


class PEM(NamedTuple):
    """What a server proves itself with, and whom it believes, in PEM."""

    certificate: bytes
    key: bytes
    authority: bytes


class Redis(Service):
    """A Redis that keeps nothing on disk; with `tls` it has an encrypted port as well."""

    tls_port: int

    def __init__(self, *, tls: PEM | None = None, ask_clients: bool = False) -> None:
        super().__init__()
        self.tls = tls
        self.ask_clients = ask_clients
        """Whether clients of that port have to show a certificate."""

    @staticmethod
    def unavailable() -> str:
        """Say why no Redis can be started here; empty where one can."""
        return "" if shutil.which("redis-server") else f"Redis is not installed; {INSTALL}"

    @property
    def url(self) -> str:
        """Return its address as clients take it."""
        return f"redis://{HOST}:{self.port}/0"

    def ask(self, *words: str) -> str:
        """Return the first line of the answer to a command, as it is on the wire; raises OSError where none comes."""
        with socket.create_connection((HOST, self.port), timeout=START_SECONDS) as connection:
            parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
            connection.sendall(f"*{len(words)}\r\n{''.join(parts)}".encode())
            with connection.makefile("rb") as file:
                return file.readline().decode().strip()

    def shut_down(self) -> None:
        """End it; its port stays its own."""
        self._end(signal.SIGTERM)

    def start_again(self) -> None:
        """Start it on the same port, with nothing in it."""
        self._launch()

    def pause(self, seconds: float) -> None:
        """Let every command of its clients wait."""
        answer = self.ask("CLIENT", "PAUSE", str(int(seconds * 1000)), "ALL")
        if answer != "+OK":
            raise ServiceFailed(answer)

    def tls_url(self, *, host: str = HOST, **options: str | Path) -> str:
        """Return the address of its encrypted port."""
        return f"rediss://{host}:{self.tls_port}/0?{urlencode({name: str(value) for name, value in options.items()})}"

    def _prepare(self) -> None:
        """It is configured by its arguments; only keys are files."""
        if self.tls is not None:
            self.tls_port = free_port()
            for name, text in self.tls._asdict().items():
                (self.directory / f"{name}.pem").write_bytes(text)
                self._give(self.directory / f"{name}.pem")

    def _command(self) -> list[str]:
        options = {"bind": HOST, "port": str(self.port), "save": "", "appendonly": "no", "maxmemory": "64mb"}
        if self.tls is not None:
            options |= {
                "tls-port": str(self.tls_port),
                "tls-cert-file": str(self.directory / "certificate.pem"),
                "tls-key-file": str(self.directory / "key.pem"),
                "tls-ca-cert-file": str(self.directory / "authority.pem"),
                "tls-auth-clients": "yes" if self.ask_clients else "no",
            }
        return ["redis-server", *(word for name, value in options.items() for word in (f"--{name}", value))]

    def _ready(self) -> bool:
        with suppress(OSError):
            return self.ask("PING") == "+PONG"
        return False
