"""What `check --deploy` adds: settings that are fine while developing and seldom meant in front of people."""

from __future__ import annotations

import ipaddress
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks

from django_bolt import conf
from django_bolt.checks.credentials import find_credential_risks
from django_bolt.checks.declared import find_declared_risks
from django_bolt.checks.finding import Finding, messages
from django_bolt.conf import Configuration

DEADLINES = ("idle_timeout", "head_timeout", "body_timeout", "body_rate", "write_timeout")


def check_deployment(app_configs: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return what is seldom meant in production (W020 and up); says nothing while `check_settings` has errors."""
    if conf.find_problems(getattr(settings, "BOLT", None)):
        return []
    return messages(find_risks(conf.load()))


def find_risks(configuration: Configuration) -> Iterator[Finding]:
    """Yield what a server in front of people should not have."""
    yield from _shown(configuration)
    yield from _clients(configuration)
    yield from _deadlines(configuration)
    yield from _key(configuration)
    yield from find_credential_risks(configuration)
    yield from find_declared_risks()
    yield from _origins()


def _shown(configuration: Configuration) -> Iterator[Finding]:
    if configuration.debug:
        yield Finding(
            "W020",
            "found DEBUG=True, which shows tracebacks to everybody",
            "leave it out: settings.DEBUG is taken then",
        )
    if configuration.access_log == "off":
        yield Finding(
            "W021",
            "found ACCESS_LOG='off', so nothing tells who asked for what",
            'write "combined" or "json", unless a proxy logs every request',
        )


def _clients(configuration: Configuration) -> Iterator[Finding]:
    if "*" in settings.ALLOWED_HOSTS:
        yield Finding(
            "W022",
            "found '*' in ALLOWED_HOSTS, so the server answers for any Host",
            "list the site's names in ALLOWED_HOSTS: /health and /ready answer without being asked by one of them",
        )
    if (
        configuration.unix_socket is None
        and configuration.tls_certificate is None
        and not configuration.trusted_proxies
        and not is_local(configuration.host)
    ):
        yield Finding(
            "W025",
            f"found HOST={configuration.host!r} with neither TLS_CERTIFICATE nor TRUSTED_PROXIES, so people "
            "are served in plain text",
            "give a certificate, or list the proxy that has one in TRUSTED_PROXIES",
        )


def is_local(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _deadlines(configuration: Configuration) -> Iterator[Finding]:
    if not configuration.watchdog:
        yield Finding("W023", "found WATCHDOG=0, so a worker that hangs is never replaced", "leave it at 30 seconds")
    if endless := [name.upper() for name in DEADLINES if not getattr(configuration, name)]:
        yield Finding(
            "W024",
            f"found {', '.join(f'{name}=0' for name in endless)}, so a slow client may hold its connection for ever",
            "leave the defaults, or write more seconds rather than none",
        )
    if settings.DATA_UPLOAD_MAX_MEMORY_SIZE is None:
        yield Finding(
            "W027",
            "found DATA_UPLOAD_MAX_MEMORY_SIZE=None, so a body of any size is read into memory",
            "set it, and give the routes that need more a max_body= of their own",
        )


def _origins() -> Iterator[Finding]:
    if plain := [origin for origin in settings.CSRF_TRUSTED_ORIGINS if origin.lower().startswith("http://")]:
        yield Finding(
            "W029",
            f"found {plain[0]!r} in CSRF_TRUSTED_ORIGINS, a site in plain text: whoever is on the way to it can send "
            "requests as its visitors",
            "write https://, and serve that site with a certificate",
        )


def _key(configuration: Configuration) -> Iterator[Finding]:
    path = configuration.tls_key or configuration.tls_certificate
    if path is None:
        return
    try:
        mode = stat.S_IMODE(Path(path).stat().st_mode)
    except (OSError, ValueError):
        # E006 tells of it.
        return
    if mode & 0o007:
        yield Finding(
            "W026",
            f"found the private key {path!r} with permissions {mode:o}, so every user of this machine can read it",
            f"take them away: chmod o= {path}",
        )
