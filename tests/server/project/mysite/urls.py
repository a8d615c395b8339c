"""The URLconf: no view of Django's, but its own page for what is not found."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

urlpatterns: list[Any] = []


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer with a page that a test can tell from any other."""
    return HttpResponse("<h1>Nothing at this address</h1>", status=404)


handler404 = "mysite.urls.page_not_found"
