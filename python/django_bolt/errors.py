"""`ApiError` under its other import path; nothing is defined here."""

from __future__ import annotations

from django_bolt.exceptions import ApiError

__all__ = ["ApiError"]
