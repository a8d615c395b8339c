"""The checks of what the settings put around everything: `BOLT_CORS`, `BOLT_COMPRESSION`, `BOLT_RATE_LIMIT`.

Nothing here may decide what is right: `_runtime.policy_problems` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core import checks

from django_bolt._runtime.outermost import CORS, RATE_LIMIT, read
from django_bolt._runtime.policy_problems import is_loose
from django_bolt.checks.finding import Finding, messages
from django_bolt.middleware import CORSMiddleware


def check_everywhere(app_configs: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return what is wrong with these settings (E019, E020), and what is seldom meant (W016, W017)."""
    middleware, problems = read()
    if problems:
        return messages(
            Finding("E020" if name == RATE_LIMIT else "E019", problem.message, problem.fix, f"settings.{name}")
            for name, problem in problems
        )
    policies = (item for item in middleware if isinstance(item, CORSMiddleware))
    return messages(finding for policy in policies for finding in find_doubtful(policy, f"settings.{CORS}"))


def find_doubtful(policy: CORSMiddleware, where: str) -> Iterator[Finding]:
    """Yield what a policy allows without anybody having meant it."""
    pattern = policy.allow_origin_regex
    if pattern is not None and is_loose(pattern):
        yield Finding(
            "W016",
            f"found allow_origin_regex={pattern!r}, where a dot stands for any character: "
            "another site may register a name that matches",
            r"write \. for a dot",
            where,
        )
    if policy.allow_credentials and "null" in policy.allow_origins:
        yield Finding(
            "W017",
            "found 'null' in allow_origins with allow_credentials: any site can open a sandboxed frame, whose origin "
            "that is, and act there for its visitors",
            "drop one of them",
            where,
        )
