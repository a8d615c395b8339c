from __future__ import annotations

import ast
import dataclasses

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from django_bolt.conf import Configuration, debug_enabled, extras_enabled, find_problems, load


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
        orm_bridge=None,
        orm_extras=True,
        compiled_queries=True,
        db_pool_size=10,
        db_pool_timeout=30.0,
        inline_limit_ms=20.0,
    )


def test_seed_settings_in_either_case():
    seed = {"HOST": "127.0.0.1", "PORT": 9000, "DEBUG": False, "workers": 4, "KEEP_ALIVE": 30}
    with override_settings(BOLT=seed):
        configuration = load()
    assert (configuration.host, configuration.port, configuration.processes) == ("127.0.0.1", 9000, 4)
    assert configuration.debug is False
    assert configuration.keep_alive == 30.0
    assert isinstance(configuration.keep_alive, float)


def test_settings_of_the_database():
    raw = {
        "ORM_BRIDGE": {"default": "thread"},
        "ORM_EXTRAS": False,
        "DB_POOL_SIZE": 0,
        "DB_POOL_TIMEOUT": 5,
        "INLINE_LIMIT_MS": 0,
    }
    with override_settings(BOLT=raw):
        configuration = load()
    assert configuration.orm_bridge == {"default": "thread"}
    assert (configuration.orm_extras, configuration.db_pool_size) == (False, 0)
    assert (configuration.db_pool_timeout, configuration.inline_limit_ms) == (5.0, 0.0)
    assert isinstance(configuration.db_pool_timeout, float)
    assert isinstance(configuration.inline_limit_ms, float)


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
        ({"ORM_BRIDGE": "async"}, "value", ["'async'", "'inline', 'greenlet', 'thread'", "False (off)"]),
        ({"ORM_BRIDGE": True}, "value", ["ORM_BRIDGE=True"]),
        ({"ORM_BRIDGE": {"default": None}}, "value", ["{'default': None}"]),
        ({"ORM_BRIDGE": {1: "thread"}}, "value", ["{1: 'thread'}"]),
        ({"ORM_BRIDGE": ["thread"]}, "value", ["['thread']"]),
        ({"ORM_EXTRAS": None}, "value", ["ORM_EXTRAS=None", "True or False"]),
        ({"DB_POOL_SIZE": -1}, "value", ["DB_POOL_SIZE=-1", "whole number from 0 to 10000"]),
        ({"DB_POOL_SIZE": 1.5}, "value", ["1.5"]),
        ({"DB_POOL_TIMEOUT": "30"}, "value", ["'30'", "number of seconds from 0 to 3600"]),
        ({"INLINE_LIMIT_MS": 100_000}, "value", ["100000", "number of milliseconds from 0 to 60000"]),
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


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {},
        {"WORKERS": 2, "PROCESSES": 2},
        {"DEBUG": None},
        {"THREADS_QUEUE": 0},
        {"ORM_BRIDGE": None},
        {"ORM_BRIDGE": False},
        {"ORM_BRIDGE": "thread"},
        {"orm_bridge": {"default": "inline", "replica": "greenlet"}},
        {"INLINE_LIMIT_MS": 0.5},
    ],
)
def test_nothing_wrong(raw):
    assert find_problems(raw) == []


@pytest.mark.parametrize(
    ("bolt", "django", "expected"),
    [({}, True, True), ({}, False, False), ({"DEBUG": False}, True, False), ({"debug": True}, False, True)],
)
def test_debug_is_bolts_where_given(bolt, django, expected):
    with override_settings(BOLT=bolt, DEBUG=django):
        assert debug_enabled() is expected


@pytest.mark.parametrize(
    ("bolt", "expected"),
    [(None, True), ({}, True), ({"ORM_EXTRAS": True}, True), ({"orm_extras": False}, False), ("nonsense", True)],
)
def test_extras_are_there_unless_switched_off(bolt, expected):
    with override_settings(BOLT=bolt):
        assert extras_enabled() is expected


def test_the_example_in_each_fix_is_right():
    wrong = {name.upper(): object() for name in Configuration.__dataclass_fields__}
    problems = find_problems(wrong)
    assert len(problems) == len(wrong)
    for problem in problems:
        example = problem.fix.removeprefix("write e.g. ")
        assert find_problems(ast.literal_eval("{" + example + "}")) == []
