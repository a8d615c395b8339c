"""System checks of `settings.BOLT`.

Nothing here may decide what is right (`conf` and `orm.modes` do) or run at import: the app calls `register()`.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks

from django_bolt import conf
from django_bolt.orm import modes

__all__ = ["check_bridge", "check_settings", "register"]

_IDS = {
    "unknown": "django_bolt.E001",
    "disagree": "django_bolt.E002",
    "value": "django_bolt.E003",
    "bridge": "django_bolt.E004",
}


def check_settings(app_configs: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return an error for everything wrong in `settings.BOLT`.

    E001: an unknown key. E002: one setting given twice with different values (`WORKERS` is `PROCESSES`). E003: a value
    of the wrong type or outside its range.
    """
    return list(map(_error, conf.find_problems(getattr(settings, "BOLT", None))))


def check_bridge(app_configs: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return an error (E004) for each alias in `ORM_BRIDGE` that does not exist or whose mode does not fit its engine.

    Says nothing while `check_settings` has errors.
    """
    if conf.find_problems(getattr(settings, "BOLT", None)):
        return []
    return list(map(_error, modes.find_problems(conf.load().orm_bridge)))


def register() -> None:
    """Add the checks to Django's registry; doing it twice adds nothing."""
    checks.register(check_settings)
    checks.register(check_bridge)


def _error(problem: conf.Problem) -> checks.Error:
    hint = f"{problem.fix[0].upper()}{problem.fix[1:]}."
    return checks.Error(f"settings.BOLT: {problem.message}.", hint=hint, id=_IDS[problem.kind])
