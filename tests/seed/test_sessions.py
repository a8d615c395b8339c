"""The document's sessions."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from django_bolt.testing import AsyncTestClient, TestClient

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
SNIPPET = """
    from django_bolt import BoltAPI, Request
    from django.contrib.auth import alogin, alogout
    from datetime import datetime
    api = BoltAPI(django_middleware=True)
    @api.post("/login")
    async def login(request: Request, username: str, password: str):
        user = await User.objects.filter(username=username).afirst()
        if user and user.check_password(password):
            await alogin(request, user)
            await request.session.aset("login_time", str(datetime.now()))
            return {"status": "ok"}
        return {"status": "error"}
    @api.get("/profile")
    async def profile(request: Request):
        user = await request.auser()
        if not user.is_authenticated:
            return {"error": "not logged in"}
        return {
            "username": user.username,
            "login_time": await request.session.aget("login_time"),
        }
    @api.post("/logout")
    async def logout(request: Request):
        await alogout(request)
        return {"status": "logged out"}
"""


@pytest.mark.django_db(transaction=True)
def test_logging_in_and_out(run: Any, settings: Any) -> None:
    settings.MIDDLEWARE = MIDDLEWARE
    User.objects.create_user("ada", password="secret")
    with TestClient(run(SNIPPET, User=User).api) as client:
        assert client.get("/profile").json() == {"error": "not logged in"}
        wrong = {"username": "ada", "password": "wrong"}
        assert client.post("/login", params=wrong).json() == {"status": "error"}
        assert client.get("/profile").json() == {"error": "not logged in"}
        assert client.post("/login", params={**wrong, "password": "secret"}).json() == {"status": "ok"}
        profile = client.get("/profile").json()
        assert profile["username"] == "ada" and profile["login_time"].startswith("2")
        assert client.post("/logout").json() == {"status": "logged out"}
        assert client.get("/profile").json() == {"error": "not logged in"}


@pytest.mark.django_db(transaction=True)
async def test_logging_in_and_out_on_a_loop(run: Any, settings: Any) -> None:
    settings.MIDDLEWARE = MIDDLEWARE
    await User.objects.acreate_user("ada", password="secret")
    async with AsyncTestClient(run(SNIPPET, User=User).api) as client:
        who = {"username": "ada", "password": "secret"}
        assert (await client.post("/login", params=who)).json() == {"status": "ok"}
        assert (await client.get("/profile")).json()["username"] == "ada"
        assert (await client.post("/logout")).json() == {"status": "logged out"}
        assert (await client.get("/profile")).json() == {"error": "not logged in"}


@pytest.mark.django_db(transaction=True)
def test_the_methods_of_a_session(run: Any, settings: Any) -> None:
    settings.MIDDLEWARE = MIDDLEWARE
    snippet = run(
        """
        from django_bolt import BoltAPI, Request
        api = BoltAPI(django_middleware=True)
        @api.get("/session")
        async def session(request: Request):
            session = request.session
            key = default = "key"
            before = await session.aget(key, default)
            await session.aset(key, 1)
            keys, items = list(await session.akeys()), list(await session.aitems())
            popped = await session.apop(key, default)
            await session.aflush()
            return [before, keys, items, popped, list(await session.akeys())]
        """
    )
    with TestClient(snippet.api) as client:
        assert client.get("/session").json() == ["key", ["key"], [["key", 1]], 1, []]
