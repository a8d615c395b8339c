"""The members' site: an API behind Django's middleware, and one without."""

from __future__ import annotations

import os
import threading
from typing import Any

from django.contrib.auth import alogin, alogout, login
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.middleware.csrf import get_token

from django_bolt import BoltAPI, Request
from django_bolt.auth import IsAuthenticated

api = BoltAPI(django_middleware=True)
plain = BoltAPI(prefix="/plain")


@receiver(user_logged_in)
def note_thread(sender: Any, request: Any, **_: Any) -> None:
    """Note on which thread receivers run."""
    request.state.thread = threading.current_thread().name


WRITERS: set[str] = set()
"""Threads on which sessions were saved."""


@receiver(pre_save, sender=Session)
def note_writer(**_: Any) -> None:
    """Note on which thread a session is saved."""
    WRITERS.add(threading.current_thread().name)


@plain.get("/pid")
@api.get("/pid")
async def process() -> int:
    """Tell which process answers."""
    return os.getpid()


@api.post("/register")
async def register(name: str) -> None:
    """Make a member."""
    await User.objects.acreate_user(name)


@api.post("/login")
async def log_in(request: Request, name: str) -> dict[str, Any]:
    """Log a member in, and tell which threads worked for it."""
    WRITERS.clear()
    await alogin(request, await User.objects.aget(username=name))
    await request.session.aset("name", name)
    await request.session.asave()
    return {"receiver": request.state.thread, "writers": sorted(WRITERS)}


@api.post("/def/login")
def log_in_on_a_thread(request: Request, name: str) -> dict[str, Any]:
    """Log a member in, in a plain function."""
    login(request, User.objects.get(username=name))
    request.session["name"] = name
    return {"receiver": request.state.thread}


@api.get("/token")
async def token(request: Request) -> str:
    """Return the token of a form."""
    return get_token(request)


@api.get("/me")
async def me(request: Request) -> list[Any]:
    """Tell who asks, by the user and by the session."""
    user = await request.auser()
    return [user.get_username(), await request.session.aget("name")]


@api.get("/def/me")
def me_on_a_thread(request: Request) -> list[Any]:
    """Tell the same in a plain function."""
    return [request.user.get_username(), request.session.get("name")]


@api.post("/change", guards=[IsAuthenticated()])
async def change(request: Request) -> str:
    """Change something that is a member's."""
    return str(request.user.username)


@api.post("/logout")
async def log_out(request: Request) -> None:
    """Log whoever it is out."""
    await alogout(request)


@plain.post("/change")
async def change_for_anybody() -> str:
    """Change something that is nobody's."""
    return "changed"
