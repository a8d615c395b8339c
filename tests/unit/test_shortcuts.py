from __future__ import annotations

import pytest
from django.http import HttpRequest
from django.template import TemplateDoesNotExist
from django.test import override_settings

from django_bolt.request import Request
from django_bolt.responses import HTML
from django_bolt.shortcuts import render
from tests.unit.raw_request import Raw

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": [
                ("django.template.loaders.locmem.Loader", {"page.html": "{{ name }} at {{ request.path }} {{ extra }}"})
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "tests.unit.test_shortcuts.processor",
            ],
        },
    }
]


def processor(request):
    assert isinstance(request, HttpRequest)
    return {"extra": "processed"}


@override_settings(TEMPLATES=TEMPLATES)
def test_render():
    response = render(Request(Raw(path="/x")), "page.html", {"name": "<Ann>"})
    assert isinstance(response, HTML)
    assert response.as_reply() == (
        200,
        [("content-type", "text/html; charset=utf-8")],
        b"&lt;Ann&gt; at /x processed",
    )


@override_settings(TEMPLATES=TEMPLATES)
def test_status_and_type():
    response = render(Request(Raw()), ["missing.html", "page.html"], status=404, content_type="text/plain")
    assert response.as_reply()[:2] == (404, [("content-type", "text/plain; charset=utf-8")])


@override_settings(TEMPLATES=TEMPLATES)
def test_missing_template():
    with pytest.raises(TemplateDoesNotExist):
        render(Request(Raw()), "missing.html")


@override_settings(TEMPLATES=TEMPLATES)
def test_under_djangos_urlconf():
    request = HttpRequest()
    request.path = "/d"
    assert b"at /d" in render(request, "page.html").body
