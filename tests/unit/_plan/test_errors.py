"""How a fault gets its place."""

from __future__ import annotations

import pytest

from django_bolt._plan.errors import PlanError, UnknownSegment, UnresolvedName, about


@pytest.mark.parametrize("kind", [PlanError, UnresolvedName, UnknownSegment])
def test_the_subject_goes_before_and_the_type_and_cause_stay(kind):
    cause = KeyError("a")
    with pytest.raises(PlanError) as caught, about("GET /"), about("parameter 'a'"):
        raise kind("is wrong") from cause
    assert type(caught.value) is kind
    assert str(caught.value) == "GET /: parameter 'a': is wrong"
    assert caught.value.__cause__ is cause


def test_other_exceptions_pass():
    with pytest.raises(ValueError, match="^a$"), about("GET /"):
        raise ValueError("a")
