"""What systemd is told of a service of `Type=notify`. Where there is no systemd, nothing."""

from __future__ import annotations

import contextlib
import os
import socket
import time


def notify(state: str) -> None:
    """Send a state ("READY", "RELOADING" or "STOPPING") to the service manager, if one listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    lines = [f"{state}=1", f"MAINPID={os.getpid()}"]
    if state == "RELOADING":
        lines.append(f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
    # A leading @ stands for the NUL byte of an abstract address.
    target = "\0" + address[1:] if address.startswith("@") else address
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto("\n".join(lines).encode(), target)
