"""Cross-origin resource sharing (the Fetch standard), decided by the server before any Python runs.

Data only: the rules are the core's, what cannot be kept is found by `_runtime.policy_problems`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SAFE_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True, kw_only=True)
class CORSMiddleware:
    """Which other origins may read the answers of the routes below.

    - `allow_origins`: such as `"https://example.com"`; `"*"` for all.
    - `allow_origin_regex`: a regular expression that an origin must match as a whole.
    - `allow_methods`, `allow_headers`: what a preflight allows; `"*"` for all.
    - `allow_credentials`: whether cookies and credentials may come along.
    - `expose_headers`: fields of an answer that scripts may read.
    - `max_age`: seconds that a browser may keep a preflight's answer.
    """

    allow_origins: Sequence[str] = ()
    allow_origin_regex: str | None = None
    allow_methods: Sequence[str] = SAFE_METHODS
    allow_headers: Sequence[str] = ()
    allow_credentials: bool = False
    expose_headers: Sequence[str] = ()
    max_age: int = 600
