"""The flags of `runbolt` that stand for a setting: one line each, in the groups that `--help` shows.

What a setting is, its default and its range is `conf.configuration`'s; nothing here may know it a second time.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from django.core.management.base import CommandError

from django_bolt.conf import Configuration


class Flag(NamedTuple):
    """A flag, the setting it beats, and what `--help` says of it (the default is added)."""

    name: str
    setting: str
    help: str
    metavar: str
    default: str | None = None
    """What to say of the default, where it is not the setting's own."""

    @property
    def option(self) -> str:
        """The name that the flag's value has among a command's options."""
        return self.name.removeprefix("--").replace("-", "_")


GROUPS: dict[str, tuple[Flag, ...]] = {
    "listening": (
        Flag("--host", "host", "Address to listen on.", "ADDRESS", "0.0.0.0; 127.0.0.1 with --dev"),
        Flag("--port", "port", "Port to listen on; 0 lets the system choose.", "PORT"),
        Flag("--unix-socket", "unix_socket", "Unix socket to listen on instead.", "PATH"),
        Flag("--tls-certificate", "tls_certificate", "Certificate and its chain (PEM); serves HTTPS.", "PATH"),
        Flag("--tls-key", "tls_key", "Its private key (PEM), where it is in a file of its own.", "PATH"),
        Flag("--backlog", "backlog", "Connections that may wait to be accepted.", "N"),
    ),
    "processes": (
        Flag("--processes", "processes", "Worker processes.", "N"),
        Flag("--workers", "processes", "The same thing.", "N"),
        Flag("--threads", "threads", "Threads for `def` handlers, in each process.", "N"),
        Flag("--graceful-timeout", "graceful_timeout", "What requests in flight get after a stop.", "SECONDS"),
        Flag("--watchdog", "watchdog", "Replace a worker that hangs for so long; 0: never.", "SECONDS"),
        Flag("--max-requests", "max_requests", "Replace a worker after so many requests; 0: never.", "N"),
        Flag("--max-requests-jitter", "max_requests_jitter", "At most so many more, differing by worker.", "N"),
        Flag("--max-rss", "max_rss", "Replace a worker that holds so much memory; 0: never.", "MIB"),
    ),
    "requests": (
        Flag("--keep-alive", "keep_alive", "How long an idle connection is kept; 0: not at all.", "SECONDS"),
        Flag("--timeout", "timeout", "How long a handler may take (504); 0: any time.", "SECONDS"),
        Flag("--access-log", "access_log", "combined, json, logging or off.", "FORMAT"),
        Flag("--access-log-file", "access_log_file", "File for its lines.", "PATH", "standard output"),
    ),
}

_TYPES = {"int": int, "float": float}


def add_flags(parser: ArgumentParser) -> None:
    """Add every flag, group by group; absent, a flag's value is None."""
    known = {field.name: field for field in fields(Configuration)}
    for title, flags in GROUPS.items():
        group = parser.add_argument_group(title)
        for flag in flags:
            field = known[flag.setting]
            default = flag.default or ("none" if field.default is None else f"{field.default}".removesuffix(".0"))
            text = f"{flag.help} Default: {default}."
            group.add_argument(flag.name, type=_TYPES.get(str(field.type), str), metavar=flag.metavar, help=text)


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that the command's options give, by their names in `Configuration`.

    Raises `CommandError` where two flags give one setting different values.
    """
    found: dict[str, tuple[Flag, Any]] = {}
    for flag in (flag for flags in GROUPS.values() for flag in flags):
        value = options.get(flag.option)
        if value is None:
            continue
        other, before = found.get(flag.setting, (flag, value))
        if value != before:
            raise CommandError(f"{other.name} {before} and {flag.name} {value} disagree; they mean the same: give one.")
        found[flag.setting] = flag, value
    return {name: value for name, (_, value) in found.items()}
