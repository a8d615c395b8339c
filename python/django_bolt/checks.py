"""System checks of `settings.BOLT`.

Nothing here may decide what is right (`conf` does) or run at import: the app calls `register()` when it is ready.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks

from django_bolt.conf import find_problems

__all__ = ["check_settings", "register"]

_IDS = {"unknown": "django_bolt.E001", "disagree": "django_bolt.E002", "value": "django_bolt.E003"}


def check_settings(app_configs: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return an error for everything wrong in `settings.BOLT`.

    E001: an unknown key. E002: one setting given twice with different values (`WORKERS` is `PROCESSES`). E003: a value
    of the wrong type or outside its range.
    """
    return [
        checks.Error(
            f"settings.BOLT: {problem.message}.",
            hint=f"{problem.fix[0].upper()}{problem.fix[1:]}.",
            id=_IDS[problem.kind],
        )
        for problem in find_problems(getattr(settings, "BOLT", None))
    ]


def register() -> None:
    """Add the checks to Django's registry; doing it twice adds nothing."""
    checks.register(check_settings)
