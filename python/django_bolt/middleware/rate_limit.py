"""How often one client may ask, decided by the server before any Python runs.

Data only: the rules are the core's, what cannot be kept is found by `_runtime.policy_problems`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RateLimitMiddleware:
    """At most `requests` in `window` seconds from one client; more are answered 429.

    - `key`: who is one client: `"ip"` (its address), `"user"` (who is authenticated, others by address) or the name of
      a header field.
    - `burst`: how many may come at once; as many as `requests` unless given.

    What one object is given to is counted together: the routes of an application, of a router, or one route.
    """

    requests: int = 100
    window: float = 60
    key: str = "ip"
    burst: int | None = None
