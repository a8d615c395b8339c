from __future__ import annotations

import dataclasses

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from django_bolt.conf import Configuration, debug_enabled, find_problems, load


def test_defaults_without_settings():
    assert load() == Configuration(
        host="0.0.0.0",
        port=8000,
        processes=1,
        backlog=2048,
        keep_alive=75.0,
        debug=None,
        emit_signals=False,
        threads=10,
        threads_queue=1000,
    )


def test_seed_settings_in_either_case():
    seed = {"HOST": "127.0.0.1", "PORT": 9000, "DEBUG": False, "workers": 4, "KEEP_ALIVE": 30}
    with override_settings(BOLT=seed):
        configuration = load()
    assert (configuration.host, configuration.port, configuration.processes) == ("127.0.0.1", 9000, 4)
    assert configuration.debug is False
    assert configuration.keep_alive == 30.0
    assert isinstance(configuration.keep_alive, float)


def test_configuration_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        load().port = 1


@pytest.mark.parametrize(
    ("raw", "kind", "words"),
    [
        ({"PROT": 1}, "unknown", ["'PROT'", "PORT", "WORKERS"]),
        ({1: 2}, "unknown", ["1"]),
        ({"WORKERS": 2, "PROCESSES": 3}, "disagree", ["WORKERS=2", "PROCESSES=3"]),
        ({"port": 1, "PORT": 2}, "disagree", ["port=1", "PORT=2"]),
        ({"PORT": "8000"}, "value", ["PORT='8000'", "whole number from 0 to 65535"]),
        ({"PORT": 70000}, "value", ["70000"]),
        ({"PORT": True}, "value", ["True"]),
        ({"PORT": 80.5}, "value", ["80.5"]),
        ({"PROCESSES": 0}, "value", ["PROCESSES=0"]),
        ({"KEEP_ALIVE": -1}, "value", ["KEEP_ALIVE=-1"]),
        ({"KEEP_ALIVE": float("nan")}, "value", ["nan"]),
        ({"HOST": ""}, "value", ["HOST=''"]),
        ({"HOST": None}, "value", ["HOST=None"]),
        ({"DEBUG": "no"}, "value", ["DEBUG='no'", "True or False"]),
        ({"EMIT_SIGNALS": None}, "value", ["EMIT_SIGNALS=None"]),
        ({"THREADS": 0}, "value", ["THREADS=0"]),
        (["PORT"], "value", ["list", "dict"]),
    ],
)
def test_problems_name_found_expected_and_fix(raw, kind, words):
    (problem,) = find_problems(raw)
    assert problem.kind == kind
    assert all(word in problem.message for word in words)
    assert problem.fix
    with override_settings(BOLT=raw), pytest.raises(ImproperlyConfigured, match="settings.BOLT"):
        load()


def test_all_problems_at_once():
    assert [problem.kind for problem in find_problems({"X": 1, "PORT": -1, "HOST": 3})] == ["unknown", "value", "value"]


@pytest.mark.parametrize("raw", [None, {}, {"WORKERS": 2, "PROCESSES": 2}, {"DEBUG": None}, {"THREADS_QUEUE": 0}])
def test_nothing_wrong(raw):
    assert find_problems(raw) == []


@pytest.mark.parametrize(
    ("bolt", "django", "expected"),
    [({}, True, True), ({}, False, False), ({"DEBUG": False}, True, False), ({"debug": True}, False, True)],
)
def test_debug_is_bolts_where_given(bolt, django, expected):
    with override_settings(BOLT=bolt, DEBUG=django):
        assert debug_enabled() is expected
