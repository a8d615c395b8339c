"""scripts/django_suite.py runs Django's own tests with django-bolt installed, and fails where one of them does."""

from __future__ import annotations

import re

import django
import pytest

from scripts import django_suite, verified_queries

# The first run downloads the source distribution.
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(autouse=True)
def downloaded() -> None:
    django_suite.tests_of(django.__version__)


def test_tests_that_pass(capfd: pytest.CaptureFixture[str]) -> None:
    assert django_suite.run("sqlite", ["basic.tests.ModelInstanceCreationTests"]) == (0, [])
    assert "OK" in capfd.readouterr().out


def test_a_test_that_fails_is_named() -> None:
    code, failed = django_suite.run("sqlite", ["basic.tests.ModelTest.test_of_nothing"])
    assert code == 1
    assert [name.split(" ")[0] for name in failed] == ["test_of_nothing"]


def test_compiled_queries_are_compared(capfd: pytest.CaptureFixture[str]) -> None:
    assert django_suite.run("sqlite", ["basic.tests.ModelLookupTest"], "--verify") == (0, [])
    compared = re.search(r"queries compiled both ways: (\d+)", capfd.readouterr().out)
    assert compared
    assert int(compared[1]) > 10


def test_a_difference_is_no_exception_that_a_test_expects() -> None:
    with pytest.raises(verified_queries.DifferenceError, match="SQL of SELECT 1:"):
        verified_queries.same("SQL", ("SELECT 1", ()), ("SELECT 1", (1,)), "SELECT 1")
    assert not issubclass(verified_queries.DifferenceError, Exception)
