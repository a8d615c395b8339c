"""What a server says to bytes that may be no request at all: every status until it closes or falls silent."""

from __future__ import annotations

import re
import socket
import time
from contextlib import suppress
from dataclasses import dataclass

from tests.server.harness import ANSWER_TIMEOUT, Server

STATUS = re.compile(rb"(?:\A|\r\n\r\n|(?<=[^\r\n]))HTTP/1\.[01] (\d{3}) ")
REFUSALS = frozenset({400, 413, 414, 421, 431, 501, 505})
"""Statuses by which a server says that it does not take a message; every other one is a request that was understood."""


@dataclass(frozen=True)
class Outcome:
    """What came back."""

    statuses: list[int]
    closed: bool
    data: bytes

    @property
    def refused(self) -> bool:
        """Whether the first answer is a refusal, or the connection was closed without one."""
        return self.statuses[0] in REFUSALS if self.statuses else self.closed

    @property
    def accepted(self) -> bool:
        """Whether every answer is one to a message that was understood; no answer at all is none."""
        return bool(self.statuses) and not REFUSALS.intersection(self.statuses)


def exchange(server: Server, data: bytes, *, quiet: float = 0.25, patience: float = ANSWER_TIMEOUT) -> Outcome:
    """Send bytes on a connection of their own and read until it is closed, or for `quiet` seconds after the last byte.

    The first byte may take `patience` seconds.
    """
    with socket.create_connection(("127.0.0.1", server.port), timeout=quiet) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(data)
        return _read(connection, time.monotonic() + patience)


def waits(server: Server, data: bytes, *, patience: float = 0.15) -> bool:
    """Tell whether the server goes on waiting after these bytes: neither an answer nor the end within `patience`."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=patience) as connection:
        connection.sendall(data)
        try:
            connection.recv(1)
        except TimeoutError:
            return True
        return False


def _read(connection: socket.socket, deadline: float) -> Outcome:
    received = b""
    closed = False
    while time.monotonic() < deadline:
        try:
            piece = connection.recv(65536)
        except TimeoutError:
            if received:
                break
            continue
        except ConnectionResetError:
            piece = b""
        if not piece:
            closed = True
            break
        received += piece
    return Outcome([int(status) for status in STATUS.findall(received)], closed, received)
