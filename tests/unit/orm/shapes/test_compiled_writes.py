"""What writes is Django's own, compiled once or not."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Count, F
from django.db.models.functions import Length

from django_bolt.orm.shapes.updates import PreparedUpdate
from tests.queries import both_ways, learning_at_once
from tests.testapp.row_models import Author, Book, Novel

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rows() -> None:
    ann = Author.objects.create(id=1, name="a")
    for number in range(1, 4):
        Book.objects.create(id=number, title="abc"[:number], author=ann, pages=number)
    Novel.objects.create(id=7, title="n")


@pytest.mark.parametrize(
    "update",
    [
        lambda value: Book.objects.filter(id=1).update(pages=value),
        lambda value: Book.objects.filter(title__in=["a", "ab"]).exclude(id=3).update(pages=value, rating=None),
        lambda value: Book.objects.filter(author__name="a").update(title="x", pages=value),
        lambda value: Book.objects.filter(id=value).update(author=Author(id=1)),
        lambda value: Book.objects.filter(id__in=[]).update(pages=value),
        lambda value: Book.objects.filter(id=2**70).update(pages=value),
        lambda value: Book.objects.update(pages=value),
        lambda value: Book.objects.filter(id=1).update(pages=F("id") + value),
        lambda value: Book.objects.filter(id=1).update(price="x"),
        lambda value: Book.objects.order_by("-pages").update(pages=value),
        lambda value: Book.objects.annotate(many=Count("author")).order_by("many").update(pages=value),
        lambda value: Book.objects.annotate(length=Length("title")).order_by("-length").update(pages=value),
        lambda value: Book.objects.annotate(many=F("pages")).filter(many__gt=0).order_by("many").update(pages=value),
        lambda value: Novel.objects.filter(genre="crime").update(title="y", genre="crime", pages=value),
        lambda value: Book.objects.filter(id=1)[:1].update(pages=value),
    ],
)
def test_updates(update: Any) -> None:
    """Each leaves the same behind when it is made again."""
    for value in (1, 2, 3):
        both_ways(lambda value=value: (update(value), Book.objects.values("title", "pages", "rating")))


def test_updates_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    with learning_at_once():
        Book.objects.filter(id=1, title="a").update(pages=5)
        monkeypatch.setattr(PreparedUpdate, "_as_django", None)
        assert Book.objects.filter(id=1, title="a").update(pages=6) == 1
        assert Book.objects.filter(id=2, title="a").update(pages=7) == 0
    assert list(Book.objects.values_list("pages", flat=True)) == [6, 2, 3, 1]
