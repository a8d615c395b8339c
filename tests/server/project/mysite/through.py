"""Handlers behind Django's middleware, which leaves marks in the context and asks the database around them."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextvars import ContextVar
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection, transaction
from django.utils import timezone, translation

from django_bolt import BoltAPI, Request

TAG: ContextVar[str | None] = ContextVar("TAG", default=None)
ENDED: list[str] = []


def marks() -> list[Any]:
    """Return the marks of whoever runs here."""
    return [TAG.get(), translation.get_language(), timezone.get_current_timezone_name()]


def look(tag: str = "") -> str:
    """Ask the database something."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s", [tag])
        return str(cursor.fetchone()[0])


class Marking:
    """Marks the context of a request and looks at what is left of it behind the handler."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        tag = request.GET.get("tag", "")
        before = marks()
        TAG.set(tag)
        translation.activate(request.GET.get("language", "en-us"))
        timezone.activate(request.GET.get("timezone", "UTC"))
        request.tenant = tag
        asked = look(tag) if "query" in request.GET else tag
        response = self.get_response(request)
        after = [*marks(), look(tag) if "query" in request.GET else tag]
        response["X-Marks"] = json.dumps([before, asked, after, threading.current_thread().name])
        return response


class Atomic:
    """A transaction around the handler, rolled back where the request says so."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        if "atomic" not in request.GET:
            return self.get_response(request)
        with transaction.atomic():
            response = self.get_response(request)
            if "rollback" in request.GET:
                transaction.set_rollback(True)
        return response


class Ending:
    """Notes how each request ended."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        try:
            response = self.get_response(request)
        except BaseException as error:
            ENDED.append(type(error).__name__)
            raise
        else:
            return response
        finally:
            if "note" in request.GET:
                look("at the end")
                ENDED.append("finally")


class Slow:
    """Blocks."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        time.sleep(float(request.GET.get("block", "0")))
        request.blocked_on = threading.current_thread().name
        return self.get_response(request)


api = BoltAPI(
    prefix="/through",
    django_middleware=[Ending, "mysite.through.Slow", Marking, Atomic],
)


@api.get("/plain")
async def plain(request: Request) -> Any:
    """A coroutine that never waits."""
    return [*marks(), request.tenant]


@api.get("/coroutine")
async def coroutine(request: Request, wait: float = 0.0) -> Any:
    """A coroutine that waits."""
    before = marks()
    await asyncio.sleep(wait)
    assert before == marks()
    return [*before, request.tenant]


@api.get("/database")
async def database(request: Request, wait: float = 0.0) -> Any:
    """A coroutine that asks the database."""
    found = await sync_or_bridge(look, TAG.get())
    await asyncio.sleep(wait)
    assert found == await sync_or_bridge(look, TAG.get())
    return [*marks(), request.tenant]


async def sync_or_bridge(function: Any, *args: Any) -> Any:
    """Run it as Django's asynchronous ORM runs its blocking methods."""
    from django.db.models import query

    return await query.sync_to_async(function)(*args)  # type: ignore[attr-defined]


@api.get("/def")
def blocking(request: Request) -> Any:
    """A plain function."""
    return [*marks(), request.tenant]


@api.get("/thread")
async def thread(request: Request) -> Any:
    """A coroutine that uses asgiref's thread."""
    assert await sync_to_async(look)(TAG.get()) == TAG.get()
    return [*marks(), request.tenant]


def execute(sql: str, *values: Any) -> Any:
    """Run SQL and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else None


@api.get("/setup")
def setup() -> Any:
    """Make the table of `write`."""
    execute("CREATE TABLE through_marks (tag varchar(50))")


@api.get("/write")
async def write(tag: str) -> Any:
    """Write a row and count what is there."""
    await sync_or_bridge(execute, "INSERT INTO through_marks VALUES (%s)", tag)
    return (await sync_or_bridge(execute, "SELECT count(*) FROM through_marks WHERE tag = %s", tag))[0][0]


@api.get("/count")
async def count(tag: str) -> Any:
    """Count the rows of `write`."""
    return (await sync_or_bridge(execute, "SELECT count(*) FROM through_marks WHERE tag = %s", tag))[0][0]


@api.get("/wait")
async def wait() -> Any:
    """Wait for ever."""
    await asyncio.sleep(3600)


@api.get("/limited", timeout=0.1)
async def limited() -> Any:
    """Wait for too long."""
    await asyncio.sleep(3600)


@api.get("/ended")
async def ended() -> Any:
    """Tell how requests ended."""
    return ENDED


@api.get("/broken")
async def broken() -> Any:
    """Fail."""
    raise ZeroDivisionError


@api.get("/blocked-on")
async def blocked_on(request: Request) -> Any:
    """Tell where a middleware ran, and where this does."""
    return [request.blocked_on, threading.current_thread().name]


class Odd(Exception):
    """What an asynchronous error handler answers."""


@api.exception_handler(Odd)
async def odd(error: Exception, request: Request) -> Any:
    """Tell where this runs, and where what it sends to a thread does."""
    await asyncio.sleep(0)
    there = await sync_to_async(lambda: [threading.current_thread().name, look(TAG.get() or "")])()
    return {"here": threading.current_thread().name, "there": there, "marks": marks()}, 418


def answered(request: Request, do: str = "marks", seconds: float = 0.0) -> Any:
    """Do what is asked for, as blocking code."""
    if do == "odd":
        raise Odd
    if do == "zero":
        raise ZeroDivisionError
    if do == "write":
        execute("INSERT INTO through_marks VALUES (%s)", TAG.get())
        return execute("SELECT count(*) FROM through_marks WHERE tag = %s", TAG.get())[0][0]
    if do == "where":
        return [request.blocked_on, threading.current_thread().name]
    time.sleep(seconds)
    return [*marks(), look(request.tenant)]


api.get("/job")(answered)
# What has a timeout goes over the loop.
api.get("/over-loop", timeout=60)(answered)
