"""The test clients under the name that documents of old use."""

from __future__ import annotations

from django_bolt.testing import AsyncTestClient, TestClient

__all__ = ["AsyncTestClient", "TestClient"]
