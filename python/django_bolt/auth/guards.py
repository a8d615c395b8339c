"""Guards: what a client must be.

Where a token's claims answer, the server decides before any Python runs; `check` decides the same in Python.
"""

from __future__ import annotations

from typing import Any


class BaseGuard:
    """Base of all guards, the project's own among them."""

    async def check(self, request: Any) -> bool:
        """Tell whether the request may go on. May be a plain function."""
        raise NotImplementedError(f"{type(self).__name__} has no check(self, request)")


class AllowAny(BaseGuard):
    """Anybody."""


class IsAuthenticated(BaseGuard):
    """Somebody."""


class IsStaff(BaseGuard):
    """A member of the staff (`is_staff`)."""


class IsSuperuser(BaseGuard):
    """A superuser (`is_superuser`)."""


class HasAllPermissions(BaseGuard):
    """Somebody who has every one of these permissions, each `"app_label.codename"`."""

    def __init__(self, *names: str) -> None:
        self.names = names


class HasPermission(HasAllPermissions):
    """Somebody who has this permission, `"app_label.codename"`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)


class HasAnyPermission(BaseGuard):
    """Somebody who has one of these permissions."""

    def __init__(self, *names: str) -> None:
        self.names = names


class HasRole(BaseGuard):
    """Somebody who has one of these roles: names of the claim `roles`, or of Django's groups."""

    def __init__(self, *names: str) -> None:
        self.names = names


jwt_required = IsAuthenticated()
api_key_required = IsAuthenticated()
