"""A middleware as one function, against what Django makes of it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils.deprecation import MiddlewareMixin

from django_bolt._django.hooks import guarded

WAYS = ["absent", "nothing", "answer", "forbid"]


class Falsy(HttpResponse):
    """Taken for no answer, as `response or …` takes it."""

    def __bool__(self) -> bool:
        return False


def hook(way: str, name: str, calls: list[str]) -> Any:
    def called(self: Any, request: Any, response: Any = None) -> Any:
        calls.append(name)
        if way == "forbid":
            raise PermissionDenied
        if way == "falsy":
            return Falsy(name)
        if way == "nothing":
            return response
        return HttpResponse(name + (response.content.decode() if response is not None else ""))

    return called


def outcome(convert: Any, request_way: str, response_way: str, inner_way: str) -> Any:
    calls: list[str] = []

    def inner(request: Any) -> Any:
        calls.append("inner")
        if inner_way == "forbid":
            raise PermissionDenied
        return HttpResponse("inner")

    hooks = {"process_request": request_way, "process_response": response_way}
    names = {name: hook(way, name, calls) for name, way in hooks.items() if way != "absent"}
    middleware = type("Middleware", (MiddlewareMixin,), names)(inner)
    try:
        answer = convert(middleware)(RequestFactory().get("/"))
    except Exception as error:  # noqa: BLE001  # compared
        return calls, type(error)
    return calls, None if answer is None else (type(answer), answer.status_code, answer.content)


@pytest.mark.parametrize(
    "ways",
    list(itertools.product([*WAYS, "falsy"], [*WAYS, "falsy"], ["answer", "forbid"])),
    ids=lambda ways: "-".join(ways),
)
def test_it_does_what_django_does(ways):
    assert outcome(guarded, *ways) == outcome(convert_exception_to_response, *ways)


def test_hooks_replaced_later_are_called():
    class Middleware(MiddlewareMixin):
        def process_response(self, request: Any, response: Any) -> Any:
            return HttpResponse("first")

    middleware = Middleware(lambda request: HttpResponse("inner"))
    call = guarded(middleware)
    Middleware.process_response = lambda self, request, response: HttpResponse("second")
    assert call(None).content == b"second"
    del Middleware.process_response
    middleware.process_response = lambda request, response: HttpResponse("third")
    assert call(None).content == b"third"


def test_a_call_of_its_own_is_called():
    class Middleware(MiddlewareMixin):
        def __call__(self, request: Any) -> Any:
            return HttpResponse(b"own " + super().__call__(request).content)

    middleware = Middleware(lambda request: HttpResponse("inner"))
    assert guarded(middleware)(None).content == b"own inner"
    assert guarded(lambda request: HttpResponse("function"))(None).content == b"function"
