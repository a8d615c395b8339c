"""How one server is to run: the command's flags over `settings.BOLT`, checked.

Nothing here opens a socket or imports a project's modules.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError

from django_bolt import conf
from django_bolt._server.flags import given
from django_bolt.checks.combinations import find_conflicts
from django_bolt.checks.machine import find_missing
from django_bolt.checks.tokens import find_token_problems

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
    named = {str(key).lower() for key in getattr(settings, "BOLT", None) or {}}
    values = given(options)
    address_host, address_port = parse_address(options["addrport"])
    values.update(
        {name: value for name, value in (("host", address_host), ("port", address_port)) if value is not None}
    )
    named = places(named, values)
    if "unix_socket" not in named:
        values["unix_socket"] = None
    if options["dev"] and "host" not in named:
        values["host"] = LOCAL
    host = values.get("host", configuration.host)
    values["host"] = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    configuration = dataclasses.replace(configuration, **values)
    check(configuration, named)
    return configuration


def places(named: set[str], flags: Mapping[str, Any]) -> set[str]:
    """Return what is named by settings and flags together; a flag for where to listen beats the other's setting."""
    if not flags.keys().isdisjoint({"host", "port"}):
        named = named - {"unix_socket"}
    if "unix_socket" in flags:
        named = named - {"host", "port"}
    return named | flags.keys()


def check(configuration: conf.Configuration, named: Collection[str]) -> None:
    """Raise `CommandError` where the configuration is out of its range, or asks for what this version cannot do."""
    if problems := conf.find_problems(dataclasses.asdict(configuration)):
        raise CommandError(" | ".join(problem.message for problem in problems))
    findings = [
        *find_conflicts(configuration, named),
        *find_missing(configuration),
        *find_token_problems(configuration),
    ]
    if errors := [finding for finding in findings if finding.is_error]:
        raise CommandError(" | ".join(map(str, errors)))
    if not settings.ALLOWED_HOSTS and not settings.DEBUG:
        raise CommandError(
            "Found an empty ALLOWED_HOSTS with DEBUG off, so every request would be refused; "
            'name the hosts to answer for, such as ALLOWED_HOSTS = ["www.example.com"].'
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
