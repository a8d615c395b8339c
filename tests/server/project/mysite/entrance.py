"""What a handler knows of its client and its host, and routes with limits of their own."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from django_bolt import Request, Router
from django_bolt.auth import APIKeyAuthentication, IsAuthenticated
from django_bolt.responses import PlainText
from mysite.cancelled import EVENTS

router = Router(prefix="/entrance")


@router.get("/who")
async def who(request: Request) -> dict[str, Any]:
    """Tell who asks, how, and for which host."""
    return {
        "client": request._raw.client,
        "remote": request.META.get("REMOTE_ADDR"),
        "scheme": request.scheme,
        "secure": request.is_secure(),
        "host": request.get_host(),
    }


@router.post("/sent")
async def sent(value: dict[str, Any], request: Request) -> str:
    """Tell who sent a body."""
    return str(request.META["REMOTE_ADDR"])


@router.get("/meta")
async def meta(request: Request) -> dict[str, list[str]]:
    """Tell the names of everything that came in fields."""
    return {"META": [key for key in request.META if key.startswith("HTTP_")], "headers": list(request.headers)}


@router.post("/small", max_body=10)
async def small(request: Request) -> PlainText:
    """Take ten bytes."""
    return PlainText(str(len(request.body)))


@router.post("/big", max_body=9 * 1024 * 1024)
async def big(request: Request) -> PlainText:
    """Take more than DATA_UPLOAD_MAX_MEMORY_SIZE."""
    return PlainText(str(len(request.body)))


@router.post("/json", max_body=100)
async def json_body(value: dict[str, Any]) -> int:
    """Take a hundred bytes of JSON."""
    return len(value)


@router.post("/guarded", auth=[APIKeyAuthentication(api_keys=["the-key-of-the-tests"])], guards=[IsAuthenticated()])
async def guarded(request: Request) -> PlainText:
    """Take a body from whoever has the key."""
    return PlainText(str(len(request.body)))


@router.get("/late/async/{tag}", timeout=0.2)
async def late_async(tag: str) -> None:
    """Wait for longer than allowed."""
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0)
        EVENTS[tag].append("finally")


@router.get("/late/shielded/{tag}", timeout=0.1, shield=True)
async def late_shielded(tag: str) -> None:
    """Go on behind the answer."""
    await asyncio.sleep(0.4)
    EVENTS[tag].append("done")


@router.get("/late/def/{tag}", timeout=0.1)
def late_def(tag: str) -> dict[str, str]:
    """Keep a thread for longer than allowed."""
    wait_out_of_sight(0.4)
    EVENTS[tag].append("done")
    return {"message": "late"}


@router.get("/late/plain", timeout=0.05)
async def late_plain() -> dict[str, str]:
    """Keep the loop for longer than allowed."""
    wait_out_of_sight(0.1)
    return {"message": "late"}


def wait_out_of_sight(seconds: float) -> None:
    """Block the thread."""
    time.sleep(seconds)


@router.get("/in-time", timeout=30)
async def in_time() -> dict[str, str]:
    """Answer long before."""
    await asyncio.sleep(0.01)
    return {"message": "in time"}


@router.get("/default")
async def default() -> dict[str, str]:
    """Wait for as long as the settings allow."""
    await asyncio.sleep(20)
    return {"message": "late"}


@router.get("/patient", timeout=0)
async def patient() -> dict[str, str]:
    """Take longer than the settings allow others."""
    await asyncio.sleep(0.5)
    return {"message": "late"}
