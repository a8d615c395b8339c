"""A token that was revoked is nobody's: for guards of every kind, for `request.user` and for `request.context`."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User

from django_bolt import BoltAPI, Request
from django_bolt.auth import BaseGuard, HasPermission, IsAuthenticated, create_jwt_for_user, jwt_required, revoke_token
from django_bolt.testing import TestClient

pytestmark = pytest.mark.django_db


class Anybody(BaseGuard):
    async def check(self, request: Any) -> bool:
        return bool(request.context)


def make(**options: Any) -> BoltAPI:
    api = BoltAPI(**options)

    @api.get("/open")
    async def open_to_all(request: Request):
        return [str(request.user), dict(request.context).get("user_id"), str(await request.auser())]

    @api.get("/open/def")
    def open_def(request: Request):
        return [str(request.user), dict(request.context).get("user_id"), ""]

    for name, guard in {
        "rust": IsAuthenticated,
        "required": jwt_required,
        "django": HasPermission("auth.view_user"),
        "python": Anybody,
    }.items():
        api.get(f"/{name}", guards=[guard])(lambda: "through")
    api.post("/body", guards=[IsAuthenticated])(lambda number: "through")
    return api


@pytest.mark.parametrize("options", [{}, {"django_middleware": []}])
@pytest.mark.parametrize("store", ["memory", "cache"])
def test_revoked_is_nobody_everywhere(settings: Any, store: str, options: dict[str, Any]) -> None:
    settings.BOLT = {"TOKEN_STORE": store}
    root = User.objects.create_superuser("root")
    good, bad = ({"Authorization": f"Bearer {create_jwt_for_user(root)}"} for _ in range(2))
    with TestClient(make(**options)) as client:
        guarded = ("rust", "required", "django", "python")
        for headers in (good, bad):
            assert [client.get(f"/{name}", headers=headers).status_code for name in guarded] == [200] * 4
            assert client.get("/open", headers=headers).json() == ["root", str(root.pk), "root"]
        claims = jwt.decode(bad["Authorization"].split()[1], options={"verify_signature": False})
        async_to_sync(revoke_token)(claims)
        for name in guarded:
            refused = client.get(f"/{name}", headers=bad)
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer"), name
        assert client.get("/open", headers=bad).json() == ["AnonymousUser", None, "AnonymousUser"]
        assert client.get("/open/def", headers=bad).json() == ["AnonymousUser", None, ""]
        # Not even told what was wrong with its body.
        assert client.post("/body", headers=bad).status_code == 401
        assert client.post("/body", headers=good).status_code == 422
        assert [client.get(f"/{name}", headers=good).status_code for name in guarded] == [200] * 4
