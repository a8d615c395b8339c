"""Django's middleware around handlers: built once as Django's `BaseHandler` builds it, run once for each request.

On a worker's loop the blocking part runs in the bridge's greenlet, which leaves for the handler; elsewhere, and where
the database is asked on threads, the chain is asynchronous, and its blocking steps run on threads.
Nothing here may know what is declared where, and an exception of the handler never comes here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from asgiref.sync import async_to_sync, iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.core.handlers.exception import convert_exception_to_response
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import set_urlconf

from django_bolt._django.hooks import guarded
from django_bolt._django.middleware import Declared
from django_bolt._django.response import DjangoResponse, from_http_response, to_http_response
from django_bolt._django_request import DjangoRequest
from django_bolt._plan.errors import PlanError
from django_bolt.orm.bridge import Bridge, carrier
from django_bolt.orm.waiting import wait_for
from django_bolt.request import Request
from django_bolt.responses import Reply, Response

_logger = logging.getLogger("django.request")

Next = Callable[[Request], Awaitable[Response]]
NextHere = Callable[[Request], Response]
Fail = Callable[[BaseException, Any], Any]


class Destination:
    """What the chain leads to for one request: `call_next(request)`, the handler with all that is further in."""

    __slots__ = ("call_next", "fail", "request", "view")

    def __init__(self, request: Request, call_next: Next | NextHere, view: Any, fail: Fail) -> None:
        self.request = request
        self.call_next = call_next
        self.view = view
        self.fail = fail

    def answer(self) -> HttpResponseBase:
        """Return the handler's answer; for blocking code."""
        answer = self.call_next(self.request)
        return to_http_response(answer if isinstance(answer, Response) else wait_for(answer))

    def answer_failure(self, exception: BaseException) -> HttpResponseBase:
        """Return what the application's error handlers answer; for blocking code."""
        answer = self.fail(exception, self)
        return to_http_response(Response.of_reply(wait_for(answer) if asyncio.iscoroutine(answer) else answer))


class Links:
    """The chain in one of its two forms; `get_response(django_request)` is its outermost end.

    `blocking`: it runs in a greenlet, and only what cannot, or is to be on a thread, is awaited from there. Otherwise
    it is a coroutine function.
    """

    def __init__(self, declared: Sequence[Declared], threaded: frozenset[str], *, blocking: bool) -> None:
        self.blocking = blocking
        self._before: list[Callable[..., Any]] = []
        self._templates: list[Callable[..., Any]] = []
        self.exceptions: list[Callable[..., Any]] = []
        innermost: Any = self._answer if blocking else self._aanswer
        handler: Callable[..., Any] = convert_exception_to_response(innermost)
        is_async = not blocking
        for item in reversed(declared):
            wants_async = not blocking or item.path in threaded or not getattr(item.factory, "sync_capable", True)
            handler, is_async = self._link(item, handler, is_async, wants_async)
        self.get_response: Callable[..., Any] = to_blocking(handler) if blocking and is_async else handler

    def _link(
        self, item: Declared, handler: Callable[..., Any], is_async: bool, wants_async: bool
    ) -> tuple[Callable[..., Any], bool]:
        """Return a middleware in front of `handler`, and whether it is a coroutine function."""
        if wants_async and not is_async:
            handler = to_coroutine(handler)
        elif is_async and not wants_async:
            handler = to_blocking(handler)
        on_thread = wants_async and not getattr(item.factory, "async_capable", False)
        try:
            made = item.factory(async_to_sync(handler) if on_thread else handler)
        except MiddlewareNotUsed as error:
            if settings.DEBUG:
                _logger.debug("MiddlewareNotUsed(%r): %s", item.path, error)
            return handler, wants_async
        if made is None:
            raise PlanError(f"django_middleware: {item.path} returned None; expected it to return the middleware")
        spare_routes(made)
        for name, methods in (
            ("process_view", self._before),
            ("process_template_response", self._templates),
            ("process_exception", self.exceptions),
        ):
            if hasattr(made, name):
                method = self._adapted(getattr(made, name), wants_async)
                # The first to see the request is the last to see what comes of it.
                methods.insert(0 if name == "process_view" else len(methods), method)
        if on_thread:
            made = sync_to_async(made, thread_sensitive=True)
        elif wants_async and not iscoroutinefunction(made):
            made = markcoroutinefunction(made)
        return (convert_exception_to_response if wants_async else guarded)(made), wants_async

    def _adapted(self, method: Callable[..., Any], on_thread: bool) -> Callable[..., Any]:
        """Return a method of a middleware as this form calls it."""
        if on_thread and not iscoroutinefunction(method):
            method = sync_to_async(method, thread_sensitive=True)
        if self.blocking and iscoroutinefunction(method):
            return to_blocking(method)
        return method

    # The innermost ends: what stands around the view in Django's own handlers ----------------------------

    def _answer(self, http: DjangoRequest) -> HttpResponseBase:
        destination: Destination = http._destination
        if "urlconf" in http.__dict__:
            set_urlconf(http.urlconf)
        response = self._seen_before(http, destination)
        if not response:
            response = destination.answer()
        if callable(getattr(response, "render", None)):
            try:
                for method in self._templates:
                    response = checked(method(http, response), method)
                response = cast(Any, response).render()
            except Exception as error:  # noqa: BLE001  # the project's template
                response = destination.answer_failure(error)
        return cast(HttpResponseBase, response)

    def _seen_before(self, http: DjangoRequest, destination: Destination) -> HttpResponseBase | None:
        """Return what a `process_view` answers in place of the handler."""
        if destination.view is None:
            return None
        http._view = destination.view
        if not self._before:
            return None
        keywords = dict(http._raw.params)
        for method in self._before:
            response: HttpResponseBase | None = method(http, destination.view, (), keywords)
            if response:
                return response
        return None

    async def _aanswer(self, http: DjangoRequest) -> HttpResponseBase:
        destination: Destination = http._destination
        view = destination.view
        if "urlconf" in http.__dict__:
            set_urlconf(http.urlconf)
        response: Any = None
        if view is not None:
            http._view = view
            for method in self._before:
                response = await method(http, view, (), dict(http._raw.params))
                if response:
                    break
        if not response:
            answer: Any = destination.call_next(destination.request)
            response = to_http_response(await answer)
        if callable(getattr(response, "render", None)):
            try:
                for method in self._templates:
                    response = checked(await method(http, response), method)
                response = await sync_to_async(response.render, thread_sensitive=True)()
            except Exception as error:  # noqa: BLE001  # the project's template
                response = await afail(destination, error)
        return cast(HttpResponseBase, response)


class Chain:
    """Some of Django's middleware, ready to stand around any number of routes.

    `threaded`: dotted paths of those whose code blocks, and therefore runs on a thread. `on_threads`: the databases are
    asked on threads, so the whole chain is better there.
    """

    def __init__(self, declared: Sequence[Declared], *, threaded: frozenset[str], on_threads: bool) -> None:
        self._declared = declared
        self._threaded = threaded & {item.path for item in declared}
        self._links: dict[tuple[bool, bool], Links] = {}
        # Mistakes in a middleware's constructor are to be seen at start.
        self._form(blocking=not on_threads, threads=True)

    def _form(self, *, blocking: bool, threads: bool) -> Links:
        """Return the chain in one of its forms, made when it is first asked for; `threads`: some of it runs on them."""
        threaded = self._threaded if threads else frozenset[str]()
        key = blocking, bool(threaded)
        if key not in self._links:
            self._links[key] = Links(self._declared, threaded, blocking=blocking)
        return self._links[key]

    def _links_for(self, bridge: Bridge | None) -> Links:
        if bridge is not None and not self._threaded and (usual := self._links.get((True, False))) is not None:
            return usual
        return self._form(blocking=bridge is not None, threads=bridge is None or bridge.has_threads)

    @property
    def sees_exceptions(self) -> bool:
        """Whether one of them has `process_exception`."""
        return any(links.exceptions for links in self._links.values())

    async def answer_exception(self, exception: BaseException, request: Request) -> Reply | None:
        """Ask each `process_exception` for an answer to what nothing else answers."""
        bridge = carrier()
        http = request.django_request
        for method in self._links_for(bridge).exceptions:
            pending = method(http, exception) if bridge is None else bridge.call_around(method, http, exception)
            response = await pending
            if response:
                return from_http_response(response)
        return None

    @property
    def blocks(self) -> bool:
        """Whether all of it can run on one thread: nothing is asynchronous alone, nothing has a thread of its own."""
        return not self._threaded and all(getattr(item.factory, "sync_capable", True) for item in self._declared)

    def prepare_here(self) -> None:
        """Make the form that `run_here` runs: at start, in which nothing else runs yet."""
        self._form(blocking=True, threads=False)

    def answer_exception_here(self, exception: BaseException, request: Request) -> Reply | None:
        """Do what `answer_exception` does, where the code runs that asks."""
        http = request.django_request
        for method in self._links[True, False].exceptions:
            response = method(http, exception)
            if response:
                return from_http_response(response)
        return None

    async def run(self, destination: Destination) -> Response:
        """Answer a request."""
        bridge = carrier()
        http = arriving(destination)
        get_response = self._links_for(bridge).get_response
        try:
            response: Any = await (get_response(http) if bridge is None else bridge.call_around(get_response, http))
        finally:
            # Both refer to each other.
            http._destination = None
        return self._leaving(http, response)

    def run_here(self, destination: Destination) -> Response:
        """Answer a request as blocking code, where the code runs that asks; the form with threads has no part in it."""
        http = arriving(destination)
        try:
            response: Any = self._links[True, False].get_response(http)
        finally:
            http._destination = None
        return self._leaving(http, response)

    def _leaving(self, http: DjangoRequest, response: Any) -> Response:
        """Return what came out of the chain as a response of ours."""
        checked(response, self._declared[0].factory)
        if isinstance(response, FileResponse):
            # Middleware that serves files (WhiteNoise) has small ones.
            response = read_whole(response)
        if "_files" in http.__dict__:
            response._resource_closers.append(http.close)
        return DjangoResponse(response)


class Bound:
    """A chain around one route, or around what no route answers (`view` None)."""

    __slots__ = ("_chain", "_fail", "_view")

    def __init__(self, chain: Chain, view: Any, fail: Fail) -> None:
        self._chain = chain
        self._view = view
        self._fail = fail

    def __call__(self, request: Request, call_next: Next) -> Awaitable[Response]:
        """Answer a request; `call_next` is the handler with all that stands around it inside Django's middleware."""
        return self._chain.run(Destination(request, call_next, self._view, self._fail))


class BoundHere:
    """The same for blocking code, on whose thread everything runs."""

    __slots__ = ("_chain", "_fail", "_view")

    def __init__(self, chain: Chain, view: Any, fail: Fail) -> None:
        chain.prepare_here()
        self._chain = chain
        self._view = view
        self._fail = fail

    def __call__(self, request: Request, call_next: NextHere) -> Response:
        """Answer a request."""
        return self._chain.run_here(Destination(request, call_next, self._view, self._fail))


class View:
    """What middleware is shown as the view: the handler's name and attributes, exempt from the token check.

    Called, as `process_view` may, it answers as the handler does.
    """

    csrf_exempt = True

    def __init__(self, handler: Callable[..., Any], route: str) -> None:
        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(self, name, getattr(handler, name, None))
        self.__dict__.update(getattr(handler, "__dict__", {}))
        self.csrf_exempt = True
        self.route = route

    def __call__(self, http: DjangoRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer as the handler does."""
        destination: Destination = http._destination
        return destination.answer()


def arriving(destination: Destination) -> DjangoRequest:
    """Return Django's request on its way to a destination."""
    request = destination.request
    http = request.django_request
    http._destination = destination
    request._met_django = True
    return http


def to_blocking(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a coroutine function as one that blocking code calls."""

    def call(*args: Any) -> Any:
        return wait_for(function(*args))

    return call


def to_coroutine(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of the chain's greenlet as a coroutine function."""

    async def call(*args: Any) -> Any:
        bridge = carrier()
        assert bridge is not None  # noqa: S101  # only a loop with one runs this form
        return await bridge.call_around(function, *args)

    return call


def spare_routes(middleware: Any) -> None:
    """Keep `CommonMiddleware` from adding a slash to a path that a route of the API answered."""
    original = getattr(middleware, "should_redirect_with_slash", None)
    if original is None:
        return

    def should_redirect_with_slash(request: Any) -> bool:
        # Under Django the path is in the URLconf, which it asks; here another pattern, with a slash, may match alone.
        return getattr(request, "_view", None) is None and bool(original(request))

    middleware.should_redirect_with_slash = should_redirect_with_slash


def read_whole(response: FileResponse) -> HttpResponse:
    """Return a response with the content of a file."""
    read = HttpResponse(response.getvalue(), status=response.status_code, headers=response.headers)
    read.cookies = response.cookies
    read._resource_closers += response._resource_closers  # type: ignore[attr-defined]
    return read


def checked(response: Any, source: Any) -> HttpResponseBase:
    """Return a response; raises `TypeError` for anything else, saying who returned it."""
    if isinstance(response, HttpResponseBase):
        return response
    name = getattr(source, "__qualname__", repr(source))
    if asyncio.iscoroutine(response):
        response.close()
        raise TypeError(f"found a coroutine from the middleware {name}, expected an HttpResponse; await it")
    raise TypeError(f"found {response!r} from the middleware {name}, expected an HttpResponse; is a return missing?")


async def afail(destination: Destination, exception: BaseException) -> HttpResponseBase:
    """Return what the application's error handlers answer."""
    answer = destination.fail(exception, destination)
    reply: Reply = await answer if asyncio.iscoroutine(answer) else answer
    return to_http_response(Response.of_reply(reply))
