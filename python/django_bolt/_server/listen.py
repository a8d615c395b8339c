"""The listening socket of a server. What is accepted from it is somebody else's concern."""

from __future__ import annotations

import contextlib
import errno
import os
import socket

from django.core.management.base import CommandError

REASONS = {
    errno.EACCES: "you do not have permission to access that port",
    errno.EADDRINUSE: "that port is already in use",
    errno.EADDRNOTAVAIL: "that address cannot be assigned to",
}


class CannotListen(CommandError):
    """The address or the port cannot be listened on."""


def listen(host: str, port: int, *, backlog: int) -> socket.socket:
    """Return a non-blocking TCP socket that listens on `host` (name, IPv4 or IPv6 address) and `port`.

    A port that another server listens on is an error, never shared. Raises `CannotListen` with one line.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CannotListen(f"Cannot listen on {host}: {reason}.") from None
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            # A restart need not wait for the old connections' TIME_WAIT; on Windows the option would share the port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # `::` serves IPv4 as well, whatever the machine's default is; where it cannot, IPv6 alone.
            with contextlib.suppress(OSError):
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
        listener.listen(backlog)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        reason = REASONS.get(error.errno or 0, error.strerror or str(error))
        raise CannotListen(f"Cannot listen on {host} port {port}: {reason}.") from None
    return listener
