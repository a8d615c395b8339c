"""Test clients that run the whole pipeline in the test's own process."""

from __future__ import annotations

from django_bolt.testing._client import AsyncTestClient, TestClient

__all__ = ["AsyncTestClient", "TestClient"]
