"""What others do to queries: code of Django's neighbours that takes a query apart, and databases of another kind."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import F

from django_bolt.orm.shapes import shape
from tests.queries import both_ways, learning_at_once
from tests.testapp.row_models import Book

pytestmark = pytest.mark.django_db


def test_an_empty_text_where_it_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    """Django then looks for NULL, on every database."""
    monkeypatch.setattr(connection.features, "interprets_empty_strings_as_nulls", True)
    shape.forget()
    with learning_at_once():
        for _ in range(3):
            list(Book.objects.filter(title="a"))
        assert "IS NULL" in str(Book.objects.filter(title="").query)
    shape.forget()


def test_a_truth_that_is_no_bool() -> None:
    with learning_at_once():
        for nulls_first in (1, None, True):
            assert ("NULLS FIRST" in str(Book.objects.order_by(F("pages").asc(nulls_first=nulls_first)).query)) is bool(
                nulls_first
            )
    both_ways(lambda: list(Book.objects.order_by(F("pages").asc(nulls_first=1))))  # type: ignore[arg-type]
