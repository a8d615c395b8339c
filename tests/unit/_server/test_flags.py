"""The flags that stand for settings."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import fields

import pytest
from django.core.management.base import CommandError

from django_bolt._server.configuration import configure
from django_bolt._server.flags import GROUPS, add_flags, given
from django_bolt.conf import Configuration, find_problems

FLAGS = [flag for flags in GROUPS.values() for flag in flags]
VALUES = {"int": 1, "float": 2.5}
TEXTS = {"access_log": "json"}


@pytest.fixture
def parser():
    parser = ArgumentParser()
    parser.add_argument("addrport", nargs="?")
    parser.add_argument("--dev", action="store_true")
    add_flags(parser)
    return parser


@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: flag.name)
def test_each_flag_sets_its_setting_with_its_type(flag, parser):
    kind = next(field.type for field in fields(Configuration) if field.name == flag.setting)
    value = VALUES.get(str(kind), TEXTS.get(flag.setting, "some/text"))
    found = given(vars(parser.parse_args([flag.name, str(value)])))
    assert found == {flag.setting: value}
    assert type(found[flag.setting]) is type(value)
    assert find_problems(found) == []


def test_what_is_not_given_is_not_there(parser):
    assert given(vars(parser.parse_args([]))) == {}
    assert given({}) == {}


def test_help_names_every_flag_in_its_group_with_its_default(parser):
    text = " ".join(parser.format_help().split())
    assert [text.index(f"{title}:") for title in GROUPS] == sorted(text.index(f"{title}:") for title in GROUPS)
    for flag in FLAGS:
        assert f"{flag.name} {flag.metavar} {flag.help} Default: " in text
    assert "Default: 0.0.0.0; 127.0.0.1 with --dev." in text
    assert "Default: 2048." in text
    assert "Default: 75." in text


def test_two_flags_of_one_setting_have_to_agree(parser):
    assert given(vars(parser.parse_args(["--processes", "1", "--workers", "1"]))) == {"processes": 1}
    with pytest.raises(CommandError, match="--processes 1 and --workers 2 disagree"):
        given(vars(parser.parse_args(["--processes", "1", "--workers", "2"])))


def test_a_flag_beats_its_setting(parser, settings):
    settings.BOLT = {"GRACEFUL_TIMEOUT": 5, "MAX_REQUESTS": 7}
    found = configure(vars(parser.parse_args(["--graceful-timeout", "0.5"])))
    assert (found.graceful_timeout, found.max_requests) == (0.5, 7)
