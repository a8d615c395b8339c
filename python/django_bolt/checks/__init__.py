"""System checks of `settings.BOLT`, each with an id, a message and a hint; `docs/checks.md` lists them.

`settings`: values, and values beside each other. `everywhere`: `BOLT_CORS`, `BOLT_COMPRESSION`, `BOLT_RATE_LIMIT`.
`declared`: secrets and CORS policies in the project's own code. `deploy`: what `check --deploy` adds. `combinations`
and `machine` say what is wrong, for the checks and for `runbolt`. Nothing runs at import: the app calls `register()`.
"""

from __future__ import annotations

from django.core import checks

from django_bolt.checks.declared import check_declared
from django_bolt.checks.deploy import check_deployment
from django_bolt.checks.everywhere import check_everywhere
from django_bolt.checks.settings import check_bridge, check_combinations, check_settings

__all__ = [
    "check_bridge",
    "check_combinations",
    "check_declared",
    "check_deployment",
    "check_everywhere",
    "check_settings",
    "register",
]


def register() -> None:
    """Add the checks to Django's registry; doing it twice adds nothing."""
    checks.register(check_settings)
    checks.register(check_bridge)
    checks.register(check_combinations)
    checks.register(check_everywhere, checks.Tags.security)
    checks.register(check_declared, checks.Tags.security)
    checks.register(check_deployment, checks.Tags.security, deploy=True)
