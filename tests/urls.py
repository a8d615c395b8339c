"""The URLconf of the tests: empty, so that only an API answers."""

from __future__ import annotations

urlpatterns: list[object] = []
