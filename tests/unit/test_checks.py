from __future__ import annotations

import pytest
from django.core import checks as django_checks
from django.test import override_settings

from django_bolt import checks


def test_ids_and_hints():
    with override_settings(BOLT={"NOPE": 1, "WORKERS": 1, "PROCESSES": 2, "PORT": "x"}):
        found = checks.check_settings()
    assert [error.id for error in found] == ["django_bolt.E001", "django_bolt.E002", "django_bolt.E003"]
    assert all(error.level == django_checks.ERROR and error.hint.endswith(".") for error in found)


def test_bridges_that_do_not_fit():
    with override_settings(BOLT={"ORM_BRIDGE": {"default": "greenlet", "nowhere": "thread"}}):
        assert checks.check_settings() == []
        found = checks.check_bridge()
    assert [error.id for error in found] == ["django_bolt.E004", "django_bolt.E004"]
    assert "'greenlet' for 'default'" in found[0].msg
    assert "'nowhere'" in found[1].msg
    assert all(error.level == django_checks.ERROR and error.hint.endswith(".") for error in found)


@pytest.mark.parametrize(
    "bolt", [None, {}, {"ORM_BRIDGE": False}, {"ORM_BRIDGE": "thread"}, {"ORM_BRIDGE": "fast"}, [1]]
)
def test_nothing_to_say_about_bridges(bolt):
    with override_settings(BOLT=bolt):
        assert checks.check_bridge() == []


@pytest.mark.django_db  # Django's own check of a JSONField asks the database what it can do.
def test_registered_check_runs_with_djangos_own():
    checks.register()
    with override_settings(BOLT={"NOPE": 1}):
        ids = [error.id for error in django_checks.run_checks()]
    assert ids.count("django_bolt.E001") == 1
    with override_settings(BOLT={"ORM_BRIDGE": "greenlet"}):
        assert [error.id for error in django_checks.run_checks()].count("django_bolt.E004") == 1
    assert "django_bolt.E001" not in [error.id for error in django_checks.run_checks()]
