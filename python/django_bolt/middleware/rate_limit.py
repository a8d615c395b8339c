"""How often one client may ask, decided by the server before any Python runs.

Data only: the rules are the core's.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django_bolt.conf.rate_limit import find_mistake


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

    def mistake(self) -> str | None:
        """Return what is wrong with the numbers and what was expected; None where nothing is."""
        return find_mistake(**asdict(self))
