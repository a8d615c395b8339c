from __future__ import annotations

import sys
import types

import pytest
from django.http import HttpResponseNotFound
from django.test import override_settings
from django.urls import path

from django_bolt._django.not_found import not_found
from tests.unit.raw_request import Raw

RAW = Raw(path="/nowhere", headers=[("host", "testserver")])


@pytest.fixture
def urlconf(monkeypatch):
    module = types.ModuleType("urls_for_not_found")
    module.urlpatterns = [path("somewhere/", lambda request: None)]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with override_settings(ROOT_URLCONF=module.__name__):
        yield module


def test_djangos_default_page():
    status, headers, body = not_found(RAW)
    assert status == 404
    assert ("content-type", "text/html; charset=utf-8") in headers
    assert b"Not Found" in body


def test_the_projects_own_handler(urlconf):
    def page(request, exception):
        return HttpResponseNotFound(f"{request.method} {request.path} {type(exception).__name__}")

    urlconf.handler404 = page
    assert not_found(RAW)[2] == b"GET /nowhere Resolver404"


def test_a_path_that_django_serves_elsewhere(urlconf):
    urlconf.handler404 = lambda request, exception: HttpResponseNotFound(type(exception).__name__)
    assert not_found(Raw(path="/somewhere/"))[2] == b"Http404"


@override_settings(DEBUG=True)
def test_technical_page(urlconf):
    status, _, body = not_found(RAW)
    assert status == 404
    assert b"somewhere/" in body


@override_settings(DEBUG=True, BOLT={"DEBUG": False})
def test_no_technical_page_where_bolt_says_no(urlconf):
    assert b"somewhere/" not in not_found(RAW)[2]


def test_a_handler_that_fails_is_a_reported_500(urlconf, caplog):
    def page(request, exception):
        raise LookupError("template is gone")

    urlconf.handler404 = page
    assert not_found(RAW) == (
        500,
        [("content-type", "application/json")],
        b'{"detail":"Internal Server Error"}',
    )
    assert [record.exc_info[0] for record in caplog.records if record.name == "django.request"] == [LookupError]
