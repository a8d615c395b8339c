"""Guards: what a client must be.

Where a token's claims answer, the server decides before any Python runs; `check` decides the same in Python, and asks
Django where they say nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from django_bolt.auth.backends import APIKeyAuthentication, JWTAuthentication
from django_bolt.auth.users import names
from django_bolt.orm.entry import run_blocking

__all__ = [
    "AllowAny",
    "BaseGuard",
    "HasAllPermissions",
    "HasAnyPermission",
    "HasPermission",
    "HasRole",
    "IsAuthenticated",
    "IsStaff",
    "IsSuperuser",
    "ProvesBy",
    "api_key_required",
    "jwt_required",
]


class BaseGuard:
    """Base of all guards, the project's own among them.

    A `check(self, request, obj)` that takes a second argument is asked before the handler, with None in its place, and
    then with every object that `await request.check_object(obj)` is called with.
    """

    async def check(self, request: Any) -> bool:
        """Tell whether the request may go on. May be a plain function, which must not block on anything but the ORM."""
        raise NotImplementedError(f"{type(self).__name__} has no check(self, request)")

    def __repr__(self) -> str:
        return type(self).__name__


def takes_object(check: Callable[..., Any]) -> bool:
    """Tell whether a guard's `check` is asked about objects: whether it takes one behind the request, if by `*args`."""
    try:
        inspect.signature(check).bind("request", "object")
    except TypeError:
        return False
    return True


class AllowAny(BaseGuard):
    """Anybody."""

    async def check(self, request: Any) -> bool:
        """Let pass."""
        return True


class IsAuthenticated(BaseGuard):
    """Somebody."""

    async def check(self, request: Any) -> bool:
        """Ask whether a backend found anybody."""
        return request._identity is not None


class ProvesBy(IsAuthenticated):
    """Somebody who proved it by one kind of credential; the route then knows no other kind.

    It brings that backend along, as the settings describe it, where the route names none of the kind.
    """

    def __init__(self, name: str, backend: type) -> None:
        self.name = name
        self.backend = backend

    def __repr__(self) -> str:
        return self.name


class _HasFlag(BaseGuard):
    """Somebody of whom one thing is true: of the token's claims, or else of the user."""

    claim: str

    async def check(self, request: Any) -> bool:
        """Ask the claim; the user where there is no such claim."""
        identity = request._identity
        if identity is None:
            return False
        if self.claim in identity.claims:
            return identity.claims[self.claim] is True
        return bool(getattr(await request.auser(), self.claim, False))


class IsStaff(_HasFlag):
    """A member of the staff (`is_staff`)."""

    claim = "is_staff"


class IsSuperuser(_HasFlag):
    """A superuser (`is_superuser`)."""

    claim = "is_superuser"


class _Names(BaseGuard):
    """Somebody who has some of these names: among those of the token's claim, or else of the user's."""

    claim: str
    enough = staticmethod(any)

    def __init__(self, *names: str) -> None:
        kind = type(self).__name__
        if not names:
            raise ValueError(f'{kind}() found no name, expected one or more; write {kind}("…")')
        found: tuple[Any, ...] = names
        for name in found:
            if not isinstance(name, str) or not name:
                raise ValueError(f"{kind}() found {name!r}, expected names, one after the other, each a str")
        self.names = names

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.names))})"

    async def check(self, request: Any) -> bool:
        """Ask the claim; Django where there is none."""
        identity = request._identity
        if identity is None:
            return False
        claimed = names(identity.claims, self.claim)
        if claimed is not None:
            return self.enough(name in claimed for name in self.names)
        known: bool = await run_blocking(self.known, await request.auser())
        return known

    def known(self, user: Any) -> bool:
        """Ask Django, which may take queries."""
        raise NotImplementedError


class HasAllPermissions(_Names):
    """Somebody who has every one of these permissions, each `"app_label.codename"`.

    Where Django is asked, a superuser has them all.
    """

    claim = "permissions"
    enough = staticmethod(all)

    def known(self, user: Any) -> bool:
        """Ask for the user's permissions."""
        return hasattr(user, "has_perm") and self.enough(user.has_perm(name) for name in self.names)


class HasPermission(HasAllPermissions):
    """Somebody who has this permission, `"app_label.codename"`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)


class HasAnyPermission(HasAllPermissions):
    """Somebody who has one of these permissions."""

    enough = staticmethod(any)


class HasRole(_Names):
    """Somebody who has one of these roles: names in the claim `roles`, or of Django's groups.

    Superusers have no role that nobody gave them: a role says what somebody is, not what it may do.
    """

    claim = "roles"

    def known(self, user: Any) -> bool:
        """Ask for the user's groups."""
        groups = getattr(user, "groups", None)
        return groups is not None and groups.filter(name__in=self.names).exists()


jwt_required = ProvesBy("jwt_required", JWTAuthentication)
api_key_required = ProvesBy("api_key_required", APIKeyAuthentication)
