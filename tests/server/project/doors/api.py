"""Logins with tokens, and what only those get to see who are logged in."""

from __future__ import annotations

import os

from asgiref.sync import async_to_sync
from django.contrib.auth.models import User

from django_bolt import BoltAPI, Request
from django_bolt.auth import IsAuthenticated, revoke_all_for_user
from django_bolt.tokens import token_router

api = BoltAPI()
api.include_router(token_router())


@api.get("/pid")
async def process() -> int:
    """Tell which process answers."""
    return os.getpid()


@api.post("/users/{name}")
async def create(name: str) -> int:
    """Make a user whose password is `right`."""
    user = User(username=name)
    user.set_password("right")
    await user.asave()
    return user.pk


@api.get("/me", guards=[IsAuthenticated()])
async def me(request: Request) -> dict[str, str | int]:
    """Tell who asks, and which process answers."""
    return {"user": request.context["user_id"], "pid": os.getpid()}


@api.post("/users/{name}/ban")
def ban(name: str) -> bool:
    """End all logins of a user, from blocking code."""
    async_to_sync(revoke_all_for_user)(User.objects.get(username=name))
    return True
