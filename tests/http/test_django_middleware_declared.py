"""Which of Django's middleware an application declares, and who inherits it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings

from django_bolt import BoltAPI, Router
from django_bolt._plan.errors import PlanError
from django_bolt.testing import TestClient
from tests.http.test_django_middleware import Witness
from tests.http.test_django_middleware_classes import SEVEN, SIGNED


@pytest.fixture
def seven() -> Iterator[None]:
    with override_settings(MIDDLEWARE=SEVEN, **SIGNED):
        yield


def headers_of(api: BoltAPI, target: str = "/hello") -> Any:
    with TestClient(api) as client:
        return client.get(target).headers


def hello(declared: Any) -> BoltAPI:
    api = BoltAPI(django_middleware=declared)

    @api.get("/hello")
    async def answer() -> Any:
        return {}

    return api


@pytest.mark.usefixtures("seven")
def test_settings_middleware_filtered():
    frame, security = SEVEN[-1], SEVEN[0]
    assert "x-frame-options" in headers_of(hello({"include": [frame]}))
    assert "x-content-type-options" not in headers_of(hello({"include": [frame]}))
    assert "x-frame-options" not in headers_of(hello({"exclude": [frame]}))
    assert "x-content-type-options" in headers_of(hello({"exclude": [frame]}))
    assert "x-frame-options" in headers_of(hello([frame]))
    assert "x-frame-options" not in headers_of(hello([security]))
    for nothing in (None, False, [], {"include": []}):
        assert "x-frame-options" not in headers_of(hello(nothing))


def test_mounted_applications_inherit_it():
    root = BoltAPI(django_middleware=[Witness])
    inherits, refuses = hello(None), hello(False)
    root.mount("/inherits", inherits)
    root.mount("/refuses", refuses)
    assert "x-witness" in headers_of(root, "/inherits/hello")
    assert "x-witness" in headers_of(root, "/inherits/nowhere")
    assert "x-witness" not in headers_of(root, "/refuses/hello")


def test_routers_have_it_from_their_application():
    router = Router(prefix="/router")

    @router.get("/hello")
    async def answer() -> Any:
        return {}

    api = BoltAPI(django_middleware=[Witness])
    api.include_router(router)
    assert "x-witness" in headers_of(api, "/router/hello")


@pytest.mark.usefixtures("seven")
@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ("django.middleware.gzip.GZipMiddleware", "found str, expected True"),
        (7, "found int, expected True"),
        ({"only": []}, "found the keys 'only'; expected one of"),
        ({"include": [], "exclude": []}, "found the keys 'include', 'exclude'; expected one of"),
        ({}, "found the keys none"),
        ({"include": SEVEN[0]}, r"django_middleware\['include'\]='django.*: found str"),
        ({"exclude": ["django.middleware.gzip.GZipMiddleware"]}, "is not in settings.MIDDLEWARE"),
        (["no.such.Middleware"], "'no.such.Middleware' leads nowhere"),
        (["django.middleware.gzip.Nothing"], "leads nowhere"),
        ([Witness(None)], "an instance; expected its class"),
        ([3], "found 3, expected a middleware class"),
    ],
)
def test_a_wrong_declaration_is_refused_at_start(declared: Any, message: str):
    with pytest.raises(PlanError, match=message), TestClient(hello(declared)):
        pass
