"""Generations: a fresh interpreter with the same command line, which takes over the listening socket and what
rate limits have counted.

Both ends of it: what the supervisor keeps of a generation, and what a generation finds of its supervisor. When to
start or end one is the business of `supervisor`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

__all__ = ["Generation", "Parent", "find_parent"]

VARIABLE = "DJANGO_BOLT_GENERATION"
READY = b"+"
START_TIMEOUT = 60.0
"""Seconds that a generation gets until its workers serve."""


@dataclass(frozen=True)
class Parent:
    """The supervisor of supervisors, as its later generations see it."""

    listener: socket.socket
    channel: socket.socket
    """Its end is the end of that supervisor."""
    memory: int | None
    """Descriptor of what rate limits are counted in."""

    def tell_ready(self) -> None:
        """Say that every worker serves."""
        with contextlib.suppress(OSError):
            self.channel.send(READY)


def find_parent() -> Parent | None:
    """Return who started this generation; `None` in the process that the command started."""
    text = os.environ.pop(VARIABLE, None)
    if text is None:
        return None
    descriptors = [int(descriptor) for descriptor in text.split(",")]
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    listener, channel, *memory = descriptors
    return Parent(socket.socket(fileno=listener), socket.socket(fileno=channel), memory[0] if memory else None)


class Generation:
    """A later generation: a process with workers of its own."""

    def __init__(self, number: int, listener: socket.socket, memory: int | None) -> None:
        ours, theirs = socket.socketpair()
        descriptors = [listener.fileno(), theirs.fileno()]
        if memory is not None:
            descriptors.append(memory)
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603  # this process's own command line
                [sys.executable, *sys.orig_argv[1:]],
                env={**os.environ, VARIABLE: ",".join(map(str, descriptors))},
                pass_fds=descriptors,
            )
        ours.setblocking(False)
        self.number = number
        self.channel = ours
        self.ready = False
        self.deadline: float | None = time.monotonic() + START_TIMEOUT
        """When it is killed."""

    def heard(self) -> bool:
        """Read what it says, and tell whether its end of the channel is open."""
        try:
            words = self.channel.recv(64)
        except OSError:
            return False
        if READY in words:
            self.ready, self.deadline = True, None
        return bool(words)

    def end(self, number: int, patience: float) -> None:
        """Send a signal; what is left after so many seconds is killed."""
        deadline = time.monotonic() + patience
        self.deadline = deadline if self.deadline is None else min(deadline, self.deadline)
        if self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """Kill it; its workers see that it is gone, and end."""
        self.deadline = float("inf")
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
