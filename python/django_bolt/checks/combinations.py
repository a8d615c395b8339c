"""Settings that do not go together. Pure: what a setting names (files, users, callables) is `machine`'s."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator

from django_bolt.checks.finding import Finding
from django_bolt.conf import Configuration

SHORT_WATCHDOG = 1.0
"""Seconds; a handler that computes for as long is no hang."""


def find_conflicts(configuration: Configuration, named: Collection[str]) -> Iterator[Finding]:
    """Yield what does not go together; `named` holds the settings that were given, not left at their defaults."""
    yield from _listening(configuration, named)
    yield from _processes(configuration)
    yield from _clients(configuration)
    yield from _limits(configuration)
    yield from _log(configuration)


def _listening(configuration: Configuration, named: Collection[str]) -> Iterator[Finding]:
    if configuration.tls_key is not None and configuration.tls_certificate is None:
        yield Finding(
            "E005",
            f"found TLS_KEY={configuration.tls_key!r} without TLS_CERTIFICATE, expected both",
            "name the certificate's file, or drop the key",
        )
    addresses = [name for name in ("host", "port") if name in named]
    if configuration.unix_socket is not None and addresses:
        given = " and ".join(f"{name.upper()}={getattr(configuration, name)!r}" for name in addresses)
        yield Finding(
            "E007",
            f"found UNIX_SOCKET={configuration.unix_socket!r} together with {given}, expected one place to listen on",
            f"drop UNIX_SOCKET, or {' and '.join(name.upper() for name in addresses)}",
        )
    attributes = [name for name in ("unix_socket_mode", "unix_socket_owner") if name in named]
    if configuration.unix_socket is None and attributes:
        yield Finding(
            "W005",
            f"found {' and '.join(name.upper() for name in attributes)} without UNIX_SOCKET, which it is about",
            "name the socket's path in UNIX_SOCKET, or drop it",
        )


def _processes(configuration: Configuration) -> Iterator[Finding]:
    if configuration.max_requests_jitter and not configuration.max_requests:
        yield Finding(
            "W001",
            f"found MAX_REQUESTS_JITTER={configuration.max_requests_jitter} without MAX_REQUESTS, so it does nothing",
            "give MAX_REQUESTS, or drop it",
        )
    if 0 < configuration.watchdog < SHORT_WATCHDOG:
        yield Finding(
            "W002",
            f"found WATCHDOG={configuration.watchdog:g}, expected at least {SHORT_WATCHDOG:g} second: "
            "a worker that is merely busy would be replaced",
            "write a longer time, or 0 to replace none",
        )


def _clients(configuration: Configuration) -> Iterator[Finding]:
    trusted = configuration.trusted_proxies
    if every := [text for text in trusted if text != "unix" and ipaddress.ip_network(text).prefixlen == 0]:
        yield Finding(
            "W003",
            f"found {every[0]!r} in TRUSTED_PROXIES, which is every address: any client can name another as its own",
            "list the addresses of your proxies",
        )
    if configuration.proxy_protocol and not trusted:
        yield Finding(
            "W004",
            "found PROXY_PROTOCOL without TRUSTED_PROXIES, so whoever connects may name any client",
            "list the addresses of your proxies, or turn it off",
        )
    if configuration.unix_socket is not None and "unix" not in trusted:
        yield Finding(
            "W006",
            'found UNIX_SOCKET, but no "unix" in TRUSTED_PROXIES, so nothing that the proxy says is believed',
            'add "unix" to TRUSTED_PROXIES, if only your proxy can open the socket',
        )


def _limits(configuration: Configuration) -> Iterator[Finding]:
    if configuration.max_url >= configuration.max_head:
        yield Finding(
            "W007",
            f"found MAX_URL={configuration.max_url} beside MAX_HEAD={configuration.max_head}, which is reached first, "
            "so a long URL is answered with 431, not with 414",
            "make MAX_HEAD the greater one",
        )


def _log(configuration: Configuration) -> Iterator[Finding]:
    if configuration.access_log_file is not None and configuration.access_log in ("off", "logging"):
        yield Finding(
            "W008",
            f"found ACCESS_LOG_FILE beside ACCESS_LOG={configuration.access_log!r}, so nothing is written to it",
            'write "ACCESS_LOG": "combined" or "json", or drop the file',
        )
