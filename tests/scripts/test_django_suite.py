"""scripts/django_suite.py runs Django's own tests with django-bolt installed, and fails where one of them does."""

from __future__ import annotations

import django
import pytest

from scripts import django_suite

# The first run downloads the source distribution.
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(autouse=True)
def downloaded() -> None:
    django_suite.tests_of(django.__version__)


def test_tests_that_pass(capfd: pytest.CaptureFixture[str]) -> None:
    assert django_suite.run("sqlite", ["basic.tests.ModelInstanceCreationTests"], plain=False) == (0, [])
    assert "OK" in capfd.readouterr().out


def test_a_test_that_fails_is_named() -> None:
    code, failed = django_suite.run("sqlite", ["basic.tests.ModelTest.test_of_nothing"], plain=False)
    assert code == 1
    assert [name.split(" ")[0] for name in failed] == ["test_of_nothing"]
