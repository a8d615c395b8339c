"""`settings.BOLT_COMPRESSION`: how the whole server compresses, as it was given. Its mistakes are found elsewhere."""

from __future__ import annotations

from typing import Any

from django.conf import settings

NAME = "BOLT_COMPRESSION"


def given() -> Any:
    """Return a `CompressionConfig`, a dict with its arguments, or True for what it says by itself; None: not at all."""
    value = getattr(settings, NAME, None)
    return None if value is False else value
