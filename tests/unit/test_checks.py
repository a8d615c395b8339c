from __future__ import annotations

from django.core import checks as django_checks
from django.test import override_settings

from django_bolt import checks


def test_ids_and_hints():
    with override_settings(BOLT={"NOPE": 1, "WORKERS": 1, "PROCESSES": 2, "PORT": "x"}):
        found = checks.check_settings()
    assert [error.id for error in found] == ["django_bolt.E001", "django_bolt.E002", "django_bolt.E003"]
    assert all(error.level == django_checks.ERROR and error.hint.endswith(".") for error in found)


def test_registered_check_runs_with_djangos_own():
    checks.register()
    with override_settings(BOLT={"NOPE": 1}):
        ids = [error.id for error in django_checks.run_checks()]
    assert ids.count("django_bolt.E001") == 1
    assert "django_bolt.E001" not in [error.id for error in django_checks.run_checks()]
