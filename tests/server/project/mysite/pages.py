"""Routes for pages of other sites: with cookies, with fields of their own, and refused."""

from __future__ import annotations

import os

from django_bolt import BoltAPI, Request
from django_bolt.auth import IsAuthenticated
from django_bolt.middleware import CORSMiddleware, cors, rate_limit
from django_bolt.responses import JSON

SITE = os.environ.get("PROJECT_SITE", "https://www.example.com")
api = BoltAPI(
    middleware=[
        CORSMiddleware(
            allow_origins=[SITE],
            allow_credentials=True,
            allow_headers=["Content-Type", "X-Trace"],
            expose_headers=["X-Total"],
        )
    ],
)
saved: list[str | None] = []


@api.get("/items")
async def items(request: Request) -> JSON:
    """Return the visitor's cookie, a field that scripts may see, and one that they may not."""
    return JSON({"visitor": request.cookies.get("visitor")}, headers={"X-Total": "2", "X-Secret": "hidden"})


@api.post("/login")
async def login() -> JSON:
    """Remember the visitor."""
    answer = JSON({"welcome": True})
    answer.set_cookie("visitor", "ann")
    return answer


@api.put("/items")
async def save(request: Request, value: dict[str, int]) -> dict[str, int]:
    """Take something from the visitor."""
    saved.append(request.headers.get("X-Trace"))
    return value


@api.get("/saved")
async def all_saved() -> list[str | None]:
    """Return what was taken."""
    return saved


@api.get("/members", guards=[IsAuthenticated()])
async def members() -> None:
    """Say nothing, to members."""


@api.get("/often")
@rate_limit(requests=1, window=3600, key="X-Trace")
async def often() -> None:
    """Say nothing, once."""


@api.get("/broken")
async def broken() -> None:
    """Fail."""
    raise ValueError("boom")


@api.get("/public")
@cors(["*"])
async def public() -> str:
    """Say something to everybody."""
    return "hello"
