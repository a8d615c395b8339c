"""What the server refuses before any Python runs, shown to an application's error handlers: 401, 403, 429."""

from __future__ import annotations

from typing import Any

import pytest

from django_bolt import BoltAPI
from django_bolt.auth import IsAuthenticated, IsStaff, JWTAuthentication
from django_bolt.exceptions import HTTPException, TooManyRequests, Unauthorized
from django_bolt.middleware import rate_limit
from django_bolt.testing import TestClient
from tests.http.tokens import SECRET, signed


@pytest.fixture
def api() -> BoltAPI:
    api = BoltAPI(auth=[JWTAuthentication(secret=SECRET)])

    @api.get("/mine", guards=[IsAuthenticated])
    async def mine() -> str:
        return "mine"

    @api.get("/staff", guards=[IsStaff])
    async def staff() -> str:
        return "staff"

    @api.get("/often")
    @rate_limit(requests=1, window=3600)
    async def often() -> str:
        return "often"

    return api


def test_one_handler_sees_them_all(api: BoltAPI) -> None:
    @api.exception_handler(HTTPException)
    def shown(exc: HTTPException, request: Any) -> Any:
        return {"shown": exc.status_code, "path": request.path}, exc.status_code

    with TestClient(api) as client:
        nobody = client.get("/mine")
        assert (nobody.status_code, nobody.json()) == (401, {"shown": 401, "path": "/mine"})
        assert nobody.headers["www-authenticate"] == "Bearer"
        answer = client.get("/staff", headers=signed(is_staff=False))
        assert (answer.status_code, answer.json()) == (403, {"shown": 403, "path": "/staff"})
        assert client.get("/often").text == "often"
        answer = client.get("/often")
        assert (answer.status_code, answer.json()) == (429, {"shown": 429, "path": "/often"})
        assert int(answer.headers["retry-after"]) > 0
        # Who may pass is no business of theirs.
        assert client.get("/mine", headers=signed()).text == "mine"
        assert client.get("/staff", headers=signed(is_staff=True)).text == "staff"


def test_a_handler_of_one_sees_that_one(api: BoltAPI) -> None:
    @api.exception_handler(TooManyRequests)
    async def shown(exc: TooManyRequests, request: Any) -> Any:
        return {"later": True}, 420

    with TestClient(api) as client:
        assert client.get("/mine").json() == {"detail": Unauthorized().detail}
        client.get("/often")
        answer = client.get("/often")
        assert (answer.status_code, answer.json()) == (420, {"later": True})
