"""Django's own request and JSON response, for code written against this import path; nothing is defined here."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse

__all__ = ["HttpRequest", "JsonResponse"]
