"""How one server is to run: the command's flags over `settings.BOLT`, checked.

Nothing here opens a socket or imports a project's modules.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError

from django_bolt import conf
from django_bolt._server.flags import given

# As runserver has it: `8001`, `127.0.0.1:8001`, `localhost:8001`, `[::1]:8001`.
ADDRESS = re.compile(r"(?:(?:\[(?P<ipv6>[0-9a-fA-F:.]+)\]|(?P<host>[a-zA-Z0-9.-]+)):)?(?P<port>[0-9]{1,5})")
LOCAL = "127.0.0.1"


def configure(options: Mapping[str, Any]) -> conf.Configuration:
    """Return the configuration that the flags of `runbolt` (`None` where absent) ask for.

    A flag beats a setting, and the positional address beats `--host` and `--port`. Raises `CommandError` for what
    cannot be served.
    """
    try:
        configuration = conf.load()
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from None
    address_host, address_port = parse_address(options["addrport"])
    values = given(options)
    values.update(
        {name: value for name, value in (("host", address_host), ("port", address_port)) if value is not None}
    )
    named = {str(key).lower() for key in getattr(settings, "BOLT", None) or {}}
    if options["dev"] and "host" not in named:
        values.setdefault("host", LOCAL)
    host = values.get("host", configuration.host)
    values["host"] = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    configuration = dataclasses.replace(configuration, **values)
    check(configuration)
    return configuration


def check(configuration: conf.Configuration) -> None:
    """Raise `CommandError` where the configuration is out of its range, or asks for what this version cannot do."""
    if problems := conf.find_problems(dataclasses.asdict(configuration)):
        raise CommandError(" | ".join(problem.message for problem in problems))
    if configuration.processes != 1:
        raise CommandError(
            f"Found {configuration.processes} processes, but this version serves with one process only. "
            "Use --processes 1, or remove PROCESSES and WORKERS from settings.BOLT."
        )


def parse_address(text: str | None) -> tuple[str | None, int | None]:
    """Return host and port of `port` or `address:port`, `None` for what is absent."""
    if text is None:
        return None, None
    match = ADDRESS.fullmatch(text)
    if match is None:
        raise CommandError(
            f"'{text}' is not a valid port number or address:port pair, such as 8001, 127.0.0.1:8001 or [::1]:8001."
        )
    return match["ipv6"] or match["host"], int(match["port"])


def url(host: str, port: int, path: str = "/", *, scheme: str = "http") -> str:
    """Return the URL to open in a browser for a server that listens on `host` and `port`."""
    reachable = {"0.0.0.0": LOCAL, "::": "::1"}.get(host, host)  # noqa: S104  # compared, not listened on
    return f"{scheme}://{f'[{reachable}]' if ':' in reachable else reachable}:{port}{path}"
