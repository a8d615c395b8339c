"""An object whose row is added without asking its class again is saved as Django alone saves it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F, Value
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import lazystr
from django.utils.safestring import mark_safe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_bolt.orm.shapes import shape
from tests.queries import plain
from tests.saves import KEY, MOMENT, SCENES, counting_added, seen
from tests.testapp.saved_models import (
    Base,
    Both,
    Composed,
    Every,
    Extended,
    Grandchild,
    Lowered,
    Numbered,
    Spelled,
    Stand,
    Uploaded,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still")]


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time stands still; there are rows to refer to."""
    monkeypatch.setattr(timezone, "now", lambda: MOMENT)
    Spelled.objects.create(code="s")
    Every.objects.create(id=1)
    if len(shape.root(Grandchild).inserts) == 0:
        # All that others know of these classes is known: it is kept from one test to the next.
        for save, _ in [*SCENES.values()] * 3:
            seen(save)


def same(save: Callable[[], Any], times: int = 3) -> None:
    """Compare a save with Django's, as often as it takes to have it known."""
    with plain():
        expected = seen(save)
    for _ in range(times):
        assert seen(save) == expected


@pytest.mark.parametrize("name", SCENES)
def test_saving_is_what_it_is_in_django(name: str) -> None:
    save, count = SCENES[name]
    same(save)
    with counting_added() as added:
        seen(save)
    assert len(added) == count


# Values of each kind of field: fitting, not fitting, computed.
TEXTS = st.sampled_from(["", "a", "é%s", "x" * 30, "\0", None, 5, lazystr("late"), mark_safe("s"), Every.State.OUT])
NUMBERS = st.sampled_from([0, 1, -1, 2**31, 2**63 - 1, 2**63, 10**30, 1.5, "7", "x", True, None, Every.Size.LARGE])
MOMENTS = st.sampled_from([MOMENT, MOMENT.date(), MOMENT.time(), "2020-01-02", "never", None, MOMENT.replace(fold=1)])
OTHERS = st.sampled_from([{}, {"a": [1, None]}, object, b"x", KEY, str(KEY), Decimal("1.255"), Decimal("NaN"), 1j])
EXPRESSIONS = st.sampled_from([Lower(Value("UP")), Value(3), Value(None), F("pk"), F("nothing"), Value({"a": 1})])
SPANS = st.sampled_from([datetime.timedelta(1), datetime.timedelta.max, None, "1"])
ANY = TEXTS | NUMBERS | MOMENTS | OTHERS | EXPRESSIONS | SPANS
FITTING: dict[str, st.SearchStrategy[Any]] = {
    "IntegerField": NUMBERS, "SmallIntegerField": NUMBERS, "PositiveBigIntegerField": NUMBERS, "FloatField": NUMBERS,
    "BigAutoField": st.integers(1, 90), "DecimalField": NUMBERS | OTHERS, "BooleanField": NUMBERS, "UUIDField": OTHERS,
    "JSONField": OTHERS | NUMBERS | TEXTS, "DurationField": SPANS, "DateField": MOMENTS, "TimeField": MOMENTS,
    "DateTimeField": MOMENTS, "ForeignKey": st.sampled_from([None, 1, "1", 99, "s"]),
    "OneToOneField": st.sampled_from(["s", "x", None, KEY, 5]),
}  # fmt: skip
KINDS: list[Any] = [Every, Every, Every, Spelled, Extended, Composed, Base, Both, Stand, Uploaded, Lowered, Numbered]


@st.composite
def objects(draw: Any) -> Callable[[], Any]:
    """Return what makes and saves one object."""
    kind = draw(st.sampled_from(KINDS))
    fields = [field for field in kind._meta.concrete_fields if not field.generated and field.column]
    given: dict[str, Any] = {}
    for field in draw(st.lists(st.sampled_from(fields), max_size=4, unique=True)):
        fits = FITTING.get(type(field).__name__, TEXTS)
        given[field.attname] = draw(fits if draw(st.integers(0, 7)) else ANY)
    options = draw(
        st.sampled_from([{}, {}, {}, {"force_insert": True}, {"force_insert": True}, {"force_update": True}])
    )
    again = draw(st.integers(0, 5)) == 0

    def save() -> None:
        instance = kind(**given)
        instance.save(**options)
        if again:
            instance.pk = None
            instance._state.adding = True
            instance.save()

    return save


@settings(max_examples=150, deadline=None, suppress_health_check=[*HealthCheck])
@given(saves=st.lists(objects(), min_size=1, max_size=4))
def test_any_values_are_saved_as_django_saves_them(saves: list[Callable[[], Any]]) -> None:
    """Whatever was saved before."""
    with plain():
        expected = [seen(save) for save in saves]
    for _ in range(2):
        assert [seen(save) for save in saves] == expected
