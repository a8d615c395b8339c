"""The listening socket of a server: TCP, a Unix socket, or what systemd passed on. What is accepted from it is
somebody else's concern.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import socket
import stat
from collections.abc import Iterator

from django.core.management.base import CommandError

from django_bolt.conf import Configuration

REASONS = {
    errno.EACCES: "you do not have permission to access that port",
    errno.EADDRINUSE: "that port is already in use",
    errno.EADDRNOTAVAIL: "that address cannot be assigned to",
}
FIRST_PASSED = 3
"""The descriptor of the first socket that systemd passes on (`sd_listen_fds(3)`)."""


class CannotListen(CommandError):
    """The address, the port or the path cannot be listened on."""


@contextlib.contextmanager
def listening(configuration: Configuration) -> Iterator[socket.socket]:
    """Yield the socket that the configuration (or systemd) asks for; a Unix socket's file is removed at the end."""
    passed = passed_socket()
    if passed is not None:
        with passed:
            yield passed
    elif configuration.unix_socket is None:
        with listen(configuration.host, configuration.port, backlog=configuration.backlog) as listener:
            yield listener
    else:
        path = configuration.unix_socket
        listener = listen_unix(
            path,
            mode=configuration.unix_socket_mode,
            owner=configuration.unix_socket_owner,
            backlog=configuration.backlog,
        )
        made, maker = os.stat(path), os.getpid()
        try:
            with listener:
                yield listener
        finally:
            # A forked worker leaves it to its parent; what another server put there since stays.
            if os.getpid() == maker:
                remove_made(path, made)


def port_of(listener: socket.socket) -> int:
    """Return the TCP port that is listened on, 0 for a Unix socket."""
    return 0 if listener.family == socket.AF_UNIX else int(listener.getsockname()[1])


def remove_made(path: str, made: os.stat_result) -> None:
    """Remove a socket's file if it is still the one that was made."""
    with contextlib.suppress(OSError):
        if os.path.samestat(os.stat(path), made):
            os.unlink(path)


def is_activated() -> bool:
    """Tell whether systemd passed on a socket to this very process."""
    return os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS", "0") != "0"


def passed_socket() -> socket.socket | None:
    """Return the socket that systemd passed on, and take it out of the environment."""
    if not is_activated():
        return None
    count = os.environ["LISTEN_FDS"]
    if count != "1":
        raise CannotListen(
            f"Found LISTEN_FDS={count}, but this server listens on one socket: keep one ListenStream= in its unit."
        )
    try:
        listener = socket.socket(fileno=FIRST_PASSED)
        listens = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise CannotListen(f"Descriptor {FIRST_PASSED} of LISTEN_FDS is no socket: {error.strerror}.") from None
    if not listens or listener.type != socket.SOCK_STREAM:
        listener.detach()
        raise CannotListen(f"Descriptor {FIRST_PASSED} of LISTEN_FDS does not listen: expected ListenStream=.")
    for name in ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)
    listener.set_inheritable(False)
    listener.setblocking(False)
    return listener


def listen_unix(path: str, *, mode: int, owner: str | None, backlog: int) -> socket.socket:
    """Return a non-blocking Unix socket that listens on `path`.

    A file that nobody listens on any more is replaced; one that is served, or is no socket, is an error.
    """
    refuse_used(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    bound = False
    try:
        # Closed to others until its mode and owner are right; chmod alone would leave a moment.
        before = os.umask(0o177)
        try:
            listener.bind(path)
        finally:
            os.umask(before)
        bound = True
        if owner is not None:
            user, _, group = owner.partition(":")
            if user:
                shutil.chown(path, user=user)
            if group:
                shutil.chown(path, group=group)
        os.chmod(path, mode)
        listener.listen(backlog)
        listener.setblocking(False)
    except (OSError, LookupError) as error:
        listener.close()
        if bound:
            with contextlib.suppress(OSError):
                os.unlink(path)
        reason = error.strerror or str(error) if isinstance(error, OSError) else error.args[0]
        raise CannotListen(f"Cannot listen on unix:{path}: {reason}.") from None
    return listener


def refuse_used(path: str) -> None:
    """Remove a stale socket's file; raise `CannotListen` for anything else that is there."""
    try:
        found = os.stat(path)
    except OSError:
        # Absent; or bind() says what is wrong.
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise CannotListen(f"Cannot listen on unix:{path}: there is a file that is no socket; remove it.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            pass
        except OSError as error:
            if error.errno != errno.EAGAIN:
                raise CannotListen(f"Cannot listen on unix:{path}: {error.strerror}.") from None
            raise CannotListen(f"Cannot listen on unix:{path}: another server listens on it.") from None
        else:
            raise CannotListen(f"Cannot listen on unix:{path}: another server listens on it.")
    try:
        os.unlink(path)
    except OSError as error:
        raise CannotListen(f"Cannot replace the stale unix:{path}: {error.strerror}.") from None


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
