"""Handlers of every kind that tell who their request is from, as a header or a token says it."""

from __future__ import annotations

import asyncio
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db import connection, transaction

from django_bolt import Request, Router
from django_bolt.auth import AuthResult, BaseAuth, CurrentUser, HasPermission, HasRole, JWTAuthentication
from django_bolt.orm.entry import run_blocking


class BySub(BaseAuth):
    """Whoever the header says, if the header says it twice."""

    async def authenticate(self, request: Any) -> AuthResult:
        """Wait, as one that asks a server would."""
        key = request.headers.get("X-Sub")
        await asyncio.sleep(0)
        return AuthResult(claims={"sub": key} if key and key == request.headers.get("X-Sub-Again") else None)


router = Router(prefix="/users", auth=[BySub, JWTAuthentication])


def seen(request: Request) -> list[Any]:
    """Tell who sent a request: from the token, and from the database."""
    return [request.context.get("user_id"), request.user.username, getattr(request.user, "email", None)]


@router.get("/plain")
async def plain(request: Request) -> list[Any]:
    """A coroutine that never waits."""
    return seen(request)


@router.get("/coroutine")
async def coroutine(request: Request) -> list[Any]:
    """One that waits."""
    user = request.user
    await asyncio.sleep(0)
    return [user.pk and str(user.pk), user.username, getattr(request.user, "email", None)]


@router.get("/def")
def function(request: Request) -> list[Any]:
    """A plain function on a thread."""
    return seen(request)


@router.get("/inline", inline=True)
def inline(request: Request) -> list[Any]:
    """One on the loop's thread."""
    return seen(request)


@router.get("/auser")
async def auser(request: Request) -> list[Any]:
    """A coroutine that waits for the user."""
    await request.auser()
    return seen(request)


@router.get("/current")
async def current(user: CurrentUser) -> list[Any]:
    """The user as an argument."""
    return [str(user.pk), user.username, user.email]


@router.get("/group", guards=[HasRole("readers")])
async def group(request: Request) -> list[Any]:
    """Behind a guard that asks Django."""
    return seen(request)


@router.get("/permission", guards=[HasPermission("auth.view_user")])
def permission(request: Request) -> list[Any]:
    """The same, on a thread."""
    return seen(request)


@router.get("/atomic")
async def atomic(request: Request) -> list[Any]:
    """Change who it is, look, and undo it."""
    async with transaction.atomic():
        await User.objects.filter(pk=request.context["user_id"]).aupdate(email="changed")
        found = seen(request)
        await asyncio.to_thread(lambda: None)
        transaction.set_rollback(True)
    return found


@router.get("/beside")
async def beside(request: Request) -> list[Any]:
    """Read while other tasks of the request ask the database."""

    async def ask() -> int:
        return await User.objects.acount()

    async def read() -> list[Any]:
        return seen(request)

    found = await asyncio.gather(ask(), ask(), read(), ask())
    return found[2]


@router.get("/connections")
async def connections() -> int:
    """Count who is connected to a PostgreSQL database."""

    def count() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            return int(cursor.fetchone()[0])

    return await run_blocking(count)


@router.post("/users")
def make() -> list[int]:
    """Make users and their groups."""
    readers = Group.objects.create(name="readers")
    readers.permissions.add(Permission.objects.get(codename="view_user"))
    made = [User.objects.create(username=f"user-{n}", email=f"{n}@example.org") for n in range(20)]
    for user in made:
        user.groups.add(readers)
    return [user.pk for user in made]
