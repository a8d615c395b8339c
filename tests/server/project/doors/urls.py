"""No URLs of Django's."""

from __future__ import annotations

urlpatterns: list[object] = []
