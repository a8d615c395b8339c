"""Which guards are asked about objects; what they answer is asked in tests/http."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from django_bolt.auth.guards import takes_object


def of_requests(request: Any) -> bool:
    return True


def of_objects(request: Any, obj: Any) -> bool:
    return True


def logged(check: Any) -> Any:
    @functools.wraps(check)
    def call(*args: Any, **kwargs: Any) -> bool:
        answer: bool = check(*args, **kwargs)
        return answer

    return call


@pytest.mark.parametrize(
    ("check", "asked"),
    [
        (of_requests, False),
        (of_objects, True),
        (lambda request, obj=None: True, True),
        # Left out, an object would be let pass without a question.
        (lambda *args: True, True),
        (lambda request, *args: True, True),
        (lambda request, **options: True, False),
        (lambda request, *, obj=None: True, False),
        (lambda request, obj, third: True, False),
        (logged(of_requests), False),
        (logged(of_objects), True),
    ],
)
def test_a_guard_is_asked_about_objects_that_it_takes(check: Any, asked: bool) -> None:
    assert takes_object(check) is asked
