from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.test import override_settings

from django_bolt.orm.modes import find_problems, modes

ENGINES = {
    "postgres": "django.db.backends.postgresql",
    "counted": "tests.unit.orm.counted_postgresql",
    "other": "django.db.backends.dummy",
    "missing": "django.db.backends.oracle",
}


@pytest.fixture(autouse=True)
def databases(monkeypatch):
    """Aliases for more engines than the tests' own SQLite; no connection is ever opened."""
    for alias, engine in ENGINES.items():
        monkeypatch.setitem(connections.settings, alias, {**connections.settings["default"], "ENGINE": engine})


DEFAULTS = {
    "default": "inline",
    "postgres": "greenlet",
    "counted": "greenlet",
    "other": "thread",
    "missing": "thread",
}


def chosen(choice):
    with override_settings(BOLT={"ORM_BRIDGE": choice}):
        return modes()


def test_the_engine_decides():
    assert chosen(None) == DEFAULTS
    with override_settings(BOLT=None):
        assert modes() == DEFAULTS


def test_one_mode_for_all_and_modes_for_some():
    assert chosen("thread") == dict.fromkeys(DEFAULTS, "thread")
    assert chosen({"postgres": "thread"}) == {**DEFAULTS, "postgres": "thread"}
    assert chosen({}) == DEFAULTS


def test_switched_off():
    assert chosen(False) == {}


def test_psycopg_2_has_no_greenlet(monkeypatch):
    monkeypatch.setattr("django.db.backends.postgresql.psycopg_any.is_psycopg3", False)
    assert chosen(None) == {**DEFAULTS, "postgres": "thread", "counted": "thread"}
    (problem,) = find_problems({"postgres": "greenlet"})
    assert "expected 'thread'" in problem.message
    assert "psycopg 3" in problem.fix


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (
            {"postgres": "inline"},
            ["'inline' for 'postgres'", "django.db.backends.postgresql", "'greenlet' or 'thread'"],
        ),
        ({"default": "greenlet"}, ["'greenlet' for 'default'", "sqlite3", "'inline' or 'thread'"]),
        ({"other": "inline"}, ["'inline' for 'other'", "dummy", "expected 'thread'"]),
        ({"nowhere": "thread"}, ["'nowhere'", "DATABASES", "'default', 'postgres'"]),
    ],
)
def test_what_does_not_fit(choice, words):
    (problem,) = find_problems(choice)
    assert problem.kind == "bridge"
    assert all(word in problem.message for word in words)
    with pytest.raises(ImproperlyConfigured, match="settings.BOLT: found"):
        chosen(choice)


def test_every_alias_that_does_not_fit_is_named():
    found = [problem.message for problem in find_problems("inline")]
    assert len(found) == 4
    assert all(repr(alias) in message for alias, message in zip(ENGINES, found, strict=True))


def test_nothing_to_find_without_a_choice():
    assert find_problems(None) == find_problems(False) == find_problems({}) == []


def test_wrong_settings_are_refused_first():
    with pytest.raises(ImproperlyConfigured, match="ORM_BRIDGE='fast', expected one of 'inline', 'greenlet', 'thread'"):
        chosen("fast")
