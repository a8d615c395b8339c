"""The API beside the settings: plain routes, the rules of HTTP, errors, and what a process does once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from django.core.signals import got_request_exception, request_finished, request_started
from django.dispatch import receiver
from django.http import Http404
from shop.models import Item

from django_bolt import BoltAPI, Request, Router
from django_bolt.responses import PlainText
from mysite.asynchronous import router as asynchronous
from mysite.atomic_requests import make_router as make_atomic_requests
from mysite.cancelled import router as cancelled
from mysite.databases import router as databases
from mysite.entrance import router as entrance
from mysite.isolation import router as isolation
from mysite.limited import router as limited
from mysite.logged import router as logged
from mysite.pages import api as pages
from mysite.shared import router as shared
from mysite.through import api as through
from mysite.transactions import make_router as make_transactions
from mysite.typed import router as typed
from mysite.users import router as users


def note(event: str) -> None:
    """Add a line to the file of events, where the test asked for one."""
    if path := os.environ.get("PROJECT_EVENTS"):
        with open(path, "a") as file:
            file.write(f"{os.getpid()} {event}\n")


@asynccontextmanager
async def lifespan(api: BoltAPI) -> AsyncIterator[None]:
    """Note that the application was entered and left."""
    note("lifespan entered")
    yield
    note("lifespan left")


api = BoltAPI(lifespan=lifespan)
api.on_start(lambda: note("on_start"))
api.on_stop(lambda: note("on_stop"))


@api.on_start
async def start() -> None:
    """Start hooks may wait."""
    await asyncio.sleep(0)
    note("async on_start")


@receiver(got_request_exception)
def exception_seen(sender: Any, request: Any, **kwargs: Any) -> None:
    """Note every exception that Django is told of."""
    note(f"got_request_exception {getattr(request, 'path', None)}")


@receiver(request_started)
def request_begins(sender: Any, **kwargs: Any) -> None:
    """Note the start of a request."""
    note("request_started")


@receiver(request_finished)
def request_ends(sender: Any, **kwargs: Any) -> None:
    """Note the end of a request."""
    note("request_finished")


@api.get("/hello")
async def hello() -> dict[str, str]:
    """Say hello."""
    return {"message": "hello"}


@api.get("/pid")
async def pid() -> int:
    """Tell which process answers."""
    return os.getpid()


@api.get("/scheme")
async def scheme(request: Request) -> dict[str, Any]:
    return {"scheme": request.scheme, "secure": request.is_secure()}


@api.get("/inline", inline=True)
def inline() -> dict[str, str]:
    """Say hello from a plain function on the worker's thread."""
    return {"message": "hello"}


@api.get("/def")
def plain_def() -> dict[str, str]:
    """Say hello from a thread."""
    return {"message": "hello"}


@api.get("/slow")
async def slow(seconds: float = 0.5) -> dict[str, str]:
    """Answer late."""
    await asyncio.sleep(seconds)
    return {"message": "late"}


@api.get("/late")
@api.post("/late")
async def late(request: Request) -> dict[str, int]:
    await asyncio.sleep(0.1)
    return {"length": len(request.body)}


@api.get("/slow-def")
def slow_def(seconds: float = 0.5) -> dict[str, str]:
    """Answer late from a thread, with the wait out of sight."""
    return wait_out_of_sight(seconds)


def wait_out_of_sight(seconds: float) -> dict[str, str]:
    """Block the thread."""
    import time

    time.sleep(seconds)
    return {"message": "late"}


@api.get("/large")
async def large(kib: int = 4096) -> bytes:
    """Answer with 4 MiB, or so many KiB."""
    return b"x" * (kib * 1024)


@api.get("/with-slash/")
async def with_slash() -> dict[str, str]:
    """A path that ends in a slash."""
    return {"path": "with-slash"}


@api.get("/rest/{rest:path}")
async def rest(rest: str) -> dict[str, str]:
    """Everything below."""
    return {"rest": rest}


@api.get("/method")
async def method_get() -> dict[str, str]:
    """One of two methods of a path."""
    return {"method": "GET"}


@api.post("/method")
async def method_post() -> dict[str, str]:
    """The other."""
    return {"method": "POST"}


@api.options("/own-options")
async def own_options() -> dict[str, str]:
    """A handler of its own for OPTIONS."""
    return {"method": "OPTIONS"}


@api.post("/echo")
async def echo(request: Request) -> PlainText:
    """Return the body as it came."""
    return PlainText(f"{len(request.body)}:{request.body[:64].decode('latin-1')}")


@api.get("/big")
async def big(size: int) -> PlainText:
    """Answer with so many bytes."""
    return PlainText(size * "x")


@api.get("/fails/async")
async def fails_async() -> dict[str, str]:
    """Raise in a coroutine that waits."""
    await asyncio.sleep(0)
    raise ValueError("the secret reason")


@api.get("/fails/plain")
async def fails_plain() -> dict[str, str]:
    """Raise in a coroutine that does not wait."""
    raise ValueError("the secret reason")


@api.get("/fails/def")
def fails_def() -> dict[str, str]:
    """Raise on a thread."""
    raise ValueError("the secret reason")


@api.get("/fails/inline", inline=True)
def fails_inline() -> dict[str, str]:
    """Raise in a plain function on the worker's thread."""
    raise ValueError("the secret reason")


@api.get("/missing/http404")
async def raises_http404() -> None:
    """Raise Django's own 404."""
    raise Http404("no such thing")


@api.get("/missing/object")
async def raises_does_not_exist() -> None:
    """Let a query's DoesNotExist out: a mistake of the programmer."""
    await Item.objects.aget(id=0)


@api.get("/header-injection")
async def header_injection() -> PlainText:
    """Try to send a header value with a line break."""
    return PlainText("body", headers={"X-Answer": "a\r\nX-Injected: yes"})


@api.get("/header-injection-tuple")
async def header_injection_tuple() -> Any:
    """The same by the tuple form."""
    return {"a": 1}, 200, {"X-Answer": "a\r\n\r\n<script>"}


@api.get("/header-injection-django")
def header_injection_django() -> Any:
    """The same past Django's own check of headers."""
    from django.http import HttpResponse

    response = HttpResponse("body")
    response.headers._store["x-answer"] = ("X-Answer", "a\r\nX-Injected: yes")
    return response


below = Router(prefix="/v1")


@below.get("/ping")
async def ping() -> dict[str, str]:
    """Answer below a router's prefix."""
    return {"message": "pong"}


database = (make_transactions(Item), make_atomic_requests(Item), databases)
for part in (below, typed, cancelled, entrance, isolation, limited, logged, shared, asynchronous, *database, users):
    api.include_router(part)


api.mount("", through)
api.mount("/pages", pages)


@api.get("/process/exit")
async def exit_process() -> None:
    """End the worker as a crash does."""
    os._exit(1)


@api.get("/process/block")
async def block(seconds: float) -> int:
    """Let the event loop stand still."""
    import time

    time.sleep(seconds)  # noqa: ASYNC251
    return os.getpid()


def worker_begins(number: int) -> None:
    """Be the `post_fork` hook."""
    note(f"post_fork {number}")


def worker_refuses(number: int) -> None:
    """Be a `post_fork` hook that fails."""
    raise RuntimeError(f"no room for worker {number}")
