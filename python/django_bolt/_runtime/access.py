"""Who may pass, where the server alone cannot tell: the project's backends and guards, and those that ask Django."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Access:
    """The backends and guards of a route."""

    def __init__(self, backends: Sequence[Any], guards: Sequence[Any]) -> None:
        self.backends = backends
        self.guards = guards

    async def check(self, request: Any) -> None:
        """Find out who sent the request; raises `Unauthorized` or `Forbidden` where a guard refuses."""
        raise NotImplementedError
