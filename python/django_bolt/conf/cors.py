"""`settings.BOLT_CORS`: the CORS policy of the whole server, as it was given. Its mistakes are found elsewhere."""

from __future__ import annotations

from typing import Any

from django.conf import settings

NAME = "BOLT_CORS"


def given() -> Any:
    """Return a dict with `CORSMiddleware`'s arguments, or None where nothing is set."""
    return getattr(settings, NAME, None)
