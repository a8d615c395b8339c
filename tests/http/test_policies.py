"""Policies that cannot be enforced yet are refused where they are declared, never stored."""

from __future__ import annotations

from typing import Any

import pytest

from django_bolt import BoltAPI, Router
from django_bolt._plan.errors import PlanError
from django_bolt.testing import TestClient


@pytest.mark.parametrize("name", ["auth", "guards", "middleware"])
@pytest.mark.parametrize("place", [BoltAPI, Router])
def test_an_application_and_a_router_refuse_policies(name: str, place: Any) -> None:
    with pytest.raises(PlanError, match=f"{name}= cannot be enforced"):
        place(**{name: [object()]})


@pytest.mark.parametrize("name", ["auth", "guards", "middleware"])
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "head", "options"])
def test_a_route_refuses_policies(name: str, method: str) -> None:
    with pytest.raises(PlanError, match=f"{name}= cannot be enforced"):
        getattr(BoltAPI(), method)("/x", **{name: [object()]})


@pytest.mark.parametrize("value", [True, ["django.middleware.security.SecurityMiddleware"], {"include": ["a"]}])
def test_an_application_refuses_django_middleware(value: Any) -> None:
    with pytest.raises(PlanError, match="django_middleware= cannot be enforced"):
        BoltAPI(django_middleware=value)


def test_asking_for_nothing_is_accepted() -> None:
    api = BoltAPI(auth=[], guards=[], middleware=[], django_middleware=False)
    router = Router(auth=[], guards=[])

    @router.get("/x", auth=[], guards=[])
    async def handler() -> str:
        return "x"

    api.include_router(router)
    with TestClient(api) as client:
        assert client.get("/x").text == "x"
