"""`json_response` under its other import path; nothing is defined here."""

from __future__ import annotations

from django_bolt.decorators import json_response

__all__ = ["json_response"]
