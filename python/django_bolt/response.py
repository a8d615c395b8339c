"""The response classes under their short spellings; nothing is defined here."""

from __future__ import annotations

from django_bolt.responses import HTML as Html
from django_bolt.responses import JSON as Json
from django_bolt.responses import Redirect

__all__ = ["Html", "Json", "Redirect"]
