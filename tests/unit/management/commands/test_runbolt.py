"""The command line, as far as it goes without serving."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from django_bolt import conf
from django_bolt._runtime.assemble import assemble
from django_bolt.application import BoltAPI
from django_bolt.management.commands.runbolt import Command
from django_bolt.openapi import OpenAPIConfig


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--processes", "0"], "expected a whole number from 1 to 1024"),
        (["--workers", "1025"], "expected a whole number from 1 to 1024"),
        (["nonsense"], "not a valid port number or address:port pair"),
        (["--port", "99999"], "expected a whole number from 0 to 65535"),
    ],
)
def test_what_cannot_be_served_is_one_line(arguments, message):
    with pytest.raises(CommandError, match=message) as caught:
        call_command("runbolt", *arguments)
    assert "\n" not in str(caught.value)


def banner(*, host: str = "127.0.0.1", api: BoltAPI | None = None, no_color: bool = True) -> str:
    out = io.StringIO()
    command = Command(stdout=out, no_color=no_color, force_color=not no_color)
    command.announce(conf.Configuration(host=host), assemble([api or BoltAPI()]), 8001)
    return out.getvalue()


def test_the_banner_says_where_and_how_to_stop():
    text = banner()
    assert "http://127.0.0.1:8001/\n" in text
    assert "Documentation at http://127.0.0.1:8001/docs\n" in text
    assert "using settings 'tests.settings'" in text
    assert "Django version" in text
    assert "Quit the server with CONTROL-C." in text


def test_the_banner_names_no_documentation_where_there_is_none():
    assert "Documentation" not in banner(api=BoltAPI(openapi_config=OpenAPIConfig(enabled=False)))


def test_the_banner_has_djangos_colours():
    assert "\x1b[" in banner(no_color=False)
    assert "\x1b[" not in banner()


def test_the_help_names_every_flag(capsys):
    with pytest.raises(SystemExit):
        call_command("runbolt", "--help")
    text = capsys.readouterr().out
    for flag in ("--host", "--port", "--processes", "--workers", "--dev", "--backlog", "--keep-alive", "addrport"):
        assert flag in text
