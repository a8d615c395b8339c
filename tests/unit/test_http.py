from __future__ import annotations

import django.http

from django_bolt import http


def test_djangos_own():
    assert http.HttpRequest is django.http.HttpRequest
    assert http.JsonResponse is django.http.JsonResponse
