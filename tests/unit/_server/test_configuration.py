"""Flags over settings."""

from __future__ import annotations

import pytest
from django.core.management.base import CommandError

from django_bolt._server.configuration import configure, parse_address, url

ABSENT = {
    "addrport": None,
    "host": None,
    "port": None,
    "processes": None,
    "workers": None,
    "backlog": None,
    "keep_alive": None,
    "dev": False,
}


def configured(**options):
    return configure({**ABSENT, **options})


def test_defaults(settings):
    settings.BOLT = {}
    found = configured()
    assert (found.host, found.port, found.processes, found.backlog) == ("0.0.0.0", 8000, 1, 2048)


def test_development_listens_on_this_machine_only(settings):
    settings.BOLT = {}
    assert configured(dev=True).host == "127.0.0.1"
    settings.BOLT = {"host": "192.0.2.1"}
    assert configured(dev=True).host == "192.0.2.1"


def test_settings_beat_defaults_and_flags_beat_settings(settings):
    settings.BOLT = {"HOST": "192.0.2.1", "PORT": 9000, "BACKLOG": 10, "KEEP_ALIVE": 3}
    found = configured()
    assert (found.host, found.port, found.backlog, found.keep_alive) == ("192.0.2.1", 9000, 10, 3.0)
    found = configured(host="192.0.2.2", port=0, backlog=20, keep_alive=0.0)
    assert (found.host, found.port, found.backlog, found.keep_alive) == ("192.0.2.2", 0, 20, 0.0)


def test_the_positional_address_beats_the_flags(settings):
    settings.BOLT = {}
    found = configured(addrport="127.0.0.1:8001", host="192.0.2.1", port=1)
    assert (found.host, found.port) == ("127.0.0.1", 8001)
    found = configured(addrport="8001", host="192.0.2.1", port=1)
    assert (found.host, found.port) == ("192.0.2.1", 8001)


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_an_ipv6_address_with_or_without_brackets(host):
    assert configured(host=host).host == "::1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8001", (None, 8001)),
        ("127.0.0.1:8001", ("127.0.0.1", 8001)),
        ("localhost:8001", ("localhost", 8001)),
        ("[::1]:8000", ("::1", 8000)),
        (None, (None, None)),
    ],
)
def test_addresses(text, expected):
    assert parse_address(text) == expected


@pytest.mark.parametrize("text", ["", "port", "127.0.0.1", "127.0.0.1:", "::1:8000", "[::1]", ":8000", "8000\n", "٨٠"])
def test_what_is_no_address(text):
    with pytest.raises(CommandError, match="not a valid port number or address:port pair"):
        parse_address(text)


@pytest.mark.parametrize(
    "options",
    [{"port": 65_536}, {"port": -1}, {"addrport": "70000"}, {"backlog": 0}, {"keep_alive": -1.0}, {"host": ""}],
)
def test_what_is_out_of_range(options):
    with pytest.raises(CommandError, match=r"expected"):
        configured(**options)


@pytest.mark.parametrize("flag", ["processes", "workers"])
def test_processes_come_from_a_flag_or_a_setting(flag, settings):
    assert configured(**{flag: 4}).processes == 4
    settings.BOLT = {flag: 3}
    assert configured().processes == 3


def test_no_host_to_answer_for_is_refused_as_by_runserver(settings):
    settings.ALLOWED_HOSTS = []
    with pytest.raises(CommandError, match="empty ALLOWED_HOSTS with DEBUG off"):
        configured()
    settings.DEBUG = True
    configured()


def test_two_names_that_disagree():
    with pytest.raises(CommandError, match="--processes 1 and --workers 2 disagree"):
        configured(processes=1, workers=2)
    assert configured(processes=1, workers=1).processes == 1


def test_wrong_settings_are_one_line(settings):
    settings.BOLT = {"PROT": 8000}
    with pytest.raises(CommandError, match="PROT") as caught:
        configured()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/docs"),
        ("0.0.0.0", "http://127.0.0.1:8000/docs"),
        ("::", "http://[::1]:8000/docs"),
        ("localhost", "http://localhost:8000/docs"),
    ],
)
def test_a_url_that_a_browser_opens(host, expected):
    assert url(host, 8000, "/docs") == expected
