"""What settings name, looked up where this runs: files, directories, users, groups, callables.

Nothing here may open a database, write, or call what it finds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils.module_loading import import_string

from django_bolt.checks.finding import Finding
from django_bolt.conf import Configuration
from django_bolt.health import NAMED


def find_missing(configuration: Configuration) -> Iterator[Finding]:
    """Yield what is named and is not there, or cannot be used."""
    yield from _tls(configuration)
    yield from _owner(configuration.unix_socket_owner)
    yield from _callables(configuration)
    yield from _directory("E010", "ACCESS_LOG_FILE", configuration.access_log_file)
    yield from _directory("E012", "UNIX_SOCKET", configuration.unix_socket)


def _tls(configuration: Configuration) -> Iterator[Finding]:
    for name in ("tls_certificate", "tls_key"):
        path = getattr(configuration, name)
        if path is not None and (reason := unreadable(path)):
            yield Finding(
                "E006",
                f"found {name.upper()}={path!r}, which {reason}, expected a PEM file that this user can read",
                "correct the path or the file's permissions",
            )


def unreadable(path: str) -> str | None:
    """Return why a file cannot be read, for a sentence; None where it can."""
    try:
        with Path(path).open("rb") as file:
            file.read(1)
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"
    except ValueError as error:
        return f"is no path ({error})"
    return None


def _owner(owner: str | None) -> Iterator[Finding]:
    if owner is None or os.name != "posix":
        return
    import grp  # noqa: PLC0415  # there is none on Windows
    import pwd  # noqa: PLC0415  # as above

    user, _, group = owner.partition(":")
    for kind, name, find in (("user", user, pwd.getpwnam), ("group", group, grp.getgrnam)):
        if name and not name.isdecimal() and not _exists(find, name):
            yield Finding(
                "E008",
                f"found UNIX_SOCKET_OWNER={owner!r}, whose {kind} {name!r} does not exist on this machine, "
                'expected "user", "user:group" or ":group"',
                "correct it, or drop it for whoever runs the server",
            )


def _exists(find: Any, name: str) -> bool:
    try:
        find(name)
    except (KeyError, ValueError):
        return False
    return True


def _callables(configuration: Configuration) -> Iterator[Finding]:
    hook = configuration.post_fork
    if isinstance(hook, str) and (reason := not_callable(hook)):
        yield Finding(
            "E009",
            f"found POST_FORK={hook!r}, which {reason}, expected the dotted path of a callable",
            "correct the path",
        )
    for check in configuration.ready_checks:
        if isinstance(check, str) and check not in NAMED and (reason := not_callable(check)):
            yield Finding(
                "E011",
                f"found {check!r} in READY_CHECKS, which {reason}, expected one of {', '.join(NAMED)}, "
                "or the dotted path of a callable",
                "correct or drop it",
            )


def not_callable(path: str) -> str | None:
    """Return why a dotted path leads to no callable, for a sentence; None where it does."""
    try:
        found = import_string(path)
    except Exception as error:  # noqa: BLE001  # importing runs the project's code
        return f"cannot be imported ({type(error).__name__}: {error})"
    return None if callable(found) else f"is a {type(found).__name__}"


def _directory(code: str, name: str, path: str | None) -> Iterator[Finding]:
    if path is None:
        return
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        reason = "does not exist"
    elif not os.access(folder, os.W_OK):
        reason = "cannot be written to by this user"
    else:
        return
    yield Finding(
        code,
        f"found {name}={path!r}, whose directory {reason}, expected one that this user can write to",
        "make the directory, or correct the path",
    )
