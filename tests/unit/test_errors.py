from __future__ import annotations

from django_bolt import errors, exceptions


def test_reexports_only():
    assert errors.__all__ == ["ApiError"]
    assert errors.ApiError is exceptions.ApiError
