"""The checks that always run: values of `settings.BOLT`, and values beside each other.

Nothing here may decide what is right: `conf`, `orm.modes`, `combinations` and `machine` do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core import checks

from django_bolt import conf
from django_bolt.checks.access import find_access_problems
from django_bolt.checks.combinations import find_conflicts
from django_bolt.checks.credentials import find_credential_problems
from django_bolt.checks.finding import Finding, messages
from django_bolt.checks.machine import find_missing
from django_bolt.checks.middleware import find_middleware_problems
from django_bolt.checks.rate_limits import find_rate_limit_problems
from django_bolt.checks.sessions import find_session_problems
from django_bolt.checks.tokens import find_token_problems
from django_bolt.orm import modes

FINDERS = (
    find_missing,
    find_access_problems,
    find_credential_problems,
    find_middleware_problems,
    find_rate_limit_problems,
    find_session_problems,
    find_token_problems,
)
"""What looks at settings that are right by themselves, a topic each."""
CODES = {"unknown": "E001", "disagree": "E002", "value": "E003", "bridge": "E004"}


def check_settings(app_configs: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return an error for every key and value that is wrong by itself (E001 to E003)."""
    return from_problems(conf.find_problems(getattr(settings, "BOLT", None)))


def check_bridge(app_configs: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return an error (E004) for each alias in `ORM_BRIDGE` that does not exist or whose mode does not fit its engine.

    Says nothing while `check_settings` has errors.
    """
    if conf.find_problems(getattr(settings, "BOLT", None)):
        return []
    return from_problems(modes.find_problems(conf.load().orm_bridge))


def check_combinations(app_configs: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return what is wrong with values beside each other and with what they name (E005 and up, W001 and up).

    Says nothing while `check_settings` has errors.
    """
    raw = getattr(settings, "BOLT", None)
    if conf.find_problems(raw):
        return []
    configuration = conf.load()
    named = {key.lower() for key in raw or {}}
    findings = [*find_conflicts(configuration, named), *(found for find in FINDERS for found in find(configuration))]
    return messages(findings)


def from_problems(problems: Iterable[conf.Problem]) -> list[checks.CheckMessage]:
    """Return problems as Django shows them."""
    return messages(Finding(CODES[problem.kind], problem.message, problem.fix) for problem in problems)
