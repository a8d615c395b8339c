"""The chain in both of its forms: in the bridge's greenlet, and asynchronous where there is none."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction
from django.core.exceptions import MiddlewareNotUsed, PermissionDenied
from django.http import HttpResponse
from django.template.response import SimpleTemplateResponse
from django.utils.decorators import async_only_middleware
from django.utils.deprecation import MiddlewareMixin

from django_bolt._django.chain import Bound, Chain, View
from django_bolt._django.middleware import Declared
from django_bolt._django.response import DjangoResponse
from django_bolt.orm.bridge import Bridge, register, unregister
from django_bolt.request import Request
from django_bolt.responses import Response
from tests.unit.raw_request import Raw


class Plain:
    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        note(request, "plain")
        if "deny" in request.GET:
            raise PermissionDenied
        response = self.get_response(request)
        response["X-Order"] = response.get("X-Order", "") + "<plain"
        return response


class Mixed(MiddlewareMixin):
    def process_request(self, request: Any) -> Any:
        note(request, "mixed")
        return HttpResponse("short") if "short" in request.GET else None

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> Any:
        note(request, f"view {view.__name__}")
        return HttpResponse("viewed") if "view" in request.GET else None

    def process_template_response(self, request: Any, response: Any) -> Any:
        note(request, "template")
        return response

    def process_exception(self, request: Any, exception: Any) -> Any:
        return HttpResponse(f"excused {type(exception).__name__}", status=503)

    def process_response(self, request: Any, response: Any) -> Any:
        response["X-Order"] = response.get("X-Order", "") + "<mixed"
        return response


@async_only_middleware
def only_async(get_response: Any) -> Any:
    async def middleware(request: Any) -> Any:
        note(request, "async")
        await asyncio.sleep(0)
        response = await get_response(request)
        response["X-Order"] = response.get("X-Order", "") + "<async"
        return response

    return middleware


def note(request: Any, text: str) -> None:
    request.order = [*getattr(request, "order", []), text]


def chain_of(*middleware: Any, on_threads: bool = False, threaded: frozenset[str] = frozenset()) -> Chain:
    declared = [Declared(f"{item.__module__}.{item.__qualname__}", item) for item in middleware]
    return Chain(declared, threaded=threaded, on_threads=on_threads)


async def handler(request: Any) -> Response:
    await asyncio.sleep(0)
    if "broken" in request.django_request.GET:
        # As it comes out of what stands around the handler: an answer.
        return Response("broken", 500)
    if "template" in request.django_request.GET:
        return DjangoResponse(Template("template"))
    return Response("answer", headers={"X-Handler": "1"})


class Template(SimpleTemplateResponse):
    rendered_content = "rendered"


def fail(exception: BaseException, exchange: Any) -> Any:
    return 500, [("content-type", "text/plain")], type(exception).__name__.encode()


def answer_of(chain: Chain, query: str, *, bridged: bool) -> Any:
    """Return what the client gets and the order in which middleware saw the request."""
    loop = asyncio.new_event_loop()
    bridge = Bridge(loop, pool=lambda alias: pytest.fail("nothing here asks a database"), timeout=1)
    if bridged:
        register(bridge)
    try:
        request = Request(Raw(query_string=query, headers=[("host", "testserver")]))
        bound = Bound(chain, View(handler, "/"), fail)

        async def answered() -> Any:
            return await bound(request, handler)

        response = loop.run_until_complete(answered())
        return response.as_reply(), request.order
    finally:
        unregister(bridge)
        loop.close()


@pytest.mark.parametrize("query", ["", "short", "deny", "view", "broken", "template"])
@pytest.mark.parametrize(
    "middleware",
    [
        (Plain, Mixed),
        (Mixed, Plain),
        (only_async, Plain, Mixed),
        (Plain, only_async, Mixed),
        (Plain, Mixed, only_async),
    ],
)
def test_both_forms_answer_the_same(middleware: Any, query: str):
    fast = answer_of(chain_of(*middleware), query, bridged=True)
    assert fast == answer_of(chain_of(*middleware, on_threads=True), query, bridged=False)
    assert len(fast[1]) >= 1


def test_the_order_is_django_s():
    (status, headers, body), order = answer_of(chain_of(Plain, Mixed), "", bridged=True)
    assert (status, body, order) == (200, b"answer", ["plain", "mixed", "view handler"])
    assert dict(headers)["x-order"] == "<mixed<plain"


@pytest.mark.parametrize("bridged", [True, False])
def test_process_exception(bridged: bool):
    chain = chain_of(Plain, Mixed, on_threads=not bridged)
    assert chain.sees_exceptions
    assert not chain_of(Plain).sees_exceptions
    loop = asyncio.new_event_loop()
    bridge = Bridge(loop, pool=lambda alias: pytest.fail("nothing here asks a database"), timeout=1)
    if bridged:
        register(bridge)
    try:
        reply = loop.run_until_complete(chain.answer_exception(KeyError(), Request(Raw())))
    finally:
        unregister(bridge)
        loop.close()
    assert reply is not None
    assert (reply[0], reply[2]) == (503, b"excused KeyError")


def test_it_is_made_once_for_each_form():
    made: list[bool] = []

    class Counting(Plain):
        sync_capable = async_capable = True

        def __init__(self, get_response: Any) -> None:
            super().__init__(get_response)
            made.append(iscoroutinefunction(get_response))

        def __call__(self, request: Any) -> Any:
            return self.get_response(request)

    chain = chain_of(Counting)
    assert made == [False]
    for bridged in (True, True, False, False):
        loop = asyncio.new_event_loop()
        bridge = Bridge(loop, pool=lambda alias: pytest.fail("nothing here asks a database"), timeout=1)
        if bridged:
            register(bridge)
        bound = Bound(chain, None, fail)

        async def answered(bound: Bound = bound) -> Any:
            return await bound(Request(Raw()), handler)

        assert loop.run_until_complete(answered()).as_reply()[2] == b"answer"
        unregister(bridge)
        loop.close()
    assert made == [False, True]


def test_what_is_not_used_is_said_under_debug_alone(settings: Any, caplog: pytest.LogCaptureFixture):
    class Unused:
        def __init__(self, get_response: Any) -> None:
            raise MiddlewareNotUsed("turned off")

    caplog.set_level("DEBUG", "django.request")
    chain_of(Unused)
    assert caplog.text == ""
    settings.DEBUG = True
    chain_of(Unused)
    assert "turned off" in caplog.text


def test_a_request_leaves_no_cycle_behind():
    requests: list[Any] = []

    async def remembering(request: Any) -> Response:
        requests.extend((weakref.ref(request), weakref.ref(request.django_request)))
        return Response("")

    loop = asyncio.new_event_loop()
    bridge = Bridge(loop, pool=lambda alias: pytest.fail("nothing here asks a database"), timeout=1)
    register(bridge)
    bound = Bound(chain_of(Plain), View(handler, "/"), fail)

    async def answered() -> Any:
        return (await bound(Request(Raw()), remembering)).as_reply()

    gc.disable()
    try:
        loop.run_until_complete(answered())
        assert [reference() for reference in requests] == [None, None]
    finally:
        gc.enable()
        unregister(bridge)
        loop.close()


def test_cancelling_ends_the_chain_where_it_is():
    seen: list[str] = []

    class Watching(Plain):
        def __call__(self, request: Any) -> Any:
            try:
                return self.get_response(request)
            except BaseException as error:
                seen.append(type(error).__name__)
                raise

    async def waiting(request: Any) -> Response:
        await asyncio.sleep(60)
        return Response("")

    loop = asyncio.new_event_loop()
    bridge = Bridge(loop, pool=lambda alias: pytest.fail("nothing here asks a database"), timeout=1)
    register(bridge)
    bound = Bound(chain_of(Watching), None, fail)

    async def cancelled() -> None:
        async def answered() -> Any:
            return await bound(Request(Raw()), waiting)

        task = asyncio.get_running_loop().create_task(answered())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    try:
        loop.run_until_complete(cancelled())
    finally:
        unregister(bridge)
        loop.close()
    assert seen == ["CancelledError"]
