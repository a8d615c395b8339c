"""What a server says when it has started: where it is, what it consists of, what is off, how to stop it.

Lines made from what they are told of; nothing here may write them, or look at the project's settings.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Protocol

from django_bolt._runtime.assemble import Assembled
from django_bolt._server.configuration import url
from django_bolt.checks.deploy import DEADLINES, is_local
from django_bolt.conf import Configuration
from django_bolt.openapi.site import page_path


class Style(Protocol):
    """The colours of Django's commands that a banner uses."""

    def SUCCESS(self, text: str) -> str: ...  # noqa: D102, N802
    def WARNING(self, text: str) -> str: ...  # noqa: D102, N802


def banner(
    configuration: Configuration, assembled: Assembled, *, port: int, debug: bool, style: Style
) -> Iterator[str]:
    """Yield the lines that follow the versions; `port` is the one listened on, whatever was asked for."""
    page = page_path(assembled.routes)
    yield f"Serving {counted(len(assembled.routes), 'route')} at {style.SUCCESS(address(configuration, port))}"
    if page is not None and configuration.unix_socket is None:
        yield f"Documentation at {style.SUCCESS(address(configuration, port, page))}"
    yield ", ".join(parts(configuration))
    if off := list(switched_off(configuration, documentation=page is not None)):
        yield f"Off: {', '.join(off)}"
    for warning in warnings(configuration, debug=debug):
        yield style.WARNING(f"Warning: {warning}")
    yield f"Quit the server with {'CTRL-BREAK' if sys.platform == 'win32' else 'CONTROL-C'}."


def address(configuration: Configuration, port: int, path: str = "/") -> str:
    """Return the URL of a path, or where the socket is."""
    if configuration.unix_socket is not None:
        return f"unix:{configuration.unix_socket}"
    return url(configuration.host, port, path, scheme="https" if configuration.tls_certificate else "http")


def parts(configuration: Configuration) -> Iterator[str]:
    """Yield what the server consists of."""
    yield counted(configuration.processes, "process", "processes")
    each = " each" if configuration.processes > 1 else ""
    yield f"{counted(configuration.threads, 'thread')}{each} for def handlers"
    if configuration.unix_socket is None and configuration.host in {"0.0.0.0", "::"}:  # noqa: S104  # compared
        yield f"on every interface ({configuration.host})"


def switched_off(configuration: Configuration, *, documentation: bool) -> Iterator[str]:
    """Yield what is on unless somebody turns it off."""
    if configuration.access_log == "off":
        yield "access log"
    if not documentation:
        yield "documentation"
    if not configuration.health:
        yield "/health and /ready"
    if not configuration.http2:
        yield "HTTP/2"
    if not configuration.watchdog:
        yield "watchdog"
    yield from (name.upper() for name in DEADLINES if not getattr(configuration, name))


def warnings(configuration: Configuration, *, debug: bool) -> Iterator[str]:
    """Yield what is seldom meant."""
    if debug and (configuration.unix_socket is not None or not is_local(configuration.host)):
        yield "DEBUG is on, so whoever reaches this server sees tracebacks."


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return `1 route`, `2 routes`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
