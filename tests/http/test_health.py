"""/health and /ready through the test client: whose paths they are, what checks may be, and when a worker stops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import override_settings

from django_bolt import BoltAPI
from django_bolt.testing import AsyncTestClient, TestClient


def test_a_route_of_the_projects_own_takes_its_place() -> None:
    api = BoltAPI()

    @api.get("/health")
    async def own() -> dict[str, str]:
        return {"own": "yes"}

    @api.get("/ready")
    def own_too() -> dict[str, str]:
        return {"own": "too"}

    with TestClient(api) as client:
        assert client.get("/health").json() == {"own": "yes"}
        assert client.get("/ready").json() == {"own": "too"}


def test_a_route_for_everything_leaves_them_where_they_are() -> None:
    api = BoltAPI()

    @api.get("/{rest:path}")
    async def everything(rest: str) -> dict[str, str]:
        return {"rest": rest}

    with TestClient(api) as client:
        assert client.get("/health").json() == {"status": "ok"}
        assert client.get("/healthy").json() == {"rest": "healthy"}


@pytest.mark.django_db
def test_the_database_is_that_of_the_test() -> None:
    with TestClient(BoltAPI()) as client:
        assert client.get("/ready").json() == {"status": "ok", "checks": {"database": {"status": "ok"}}}


def good() -> None:
    """Hold."""


async def good_too() -> bool:
    """Hold."""
    return True


def bad() -> bool:
    """Do not hold."""
    return False


async def raises() -> None:
    """Do not hold."""
    raise ValueError("the secret reason")


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ([], {}),
        ([good, good_too], {"good": "ok", "good_too": "ok"}),
        ([good, bad, raises], {"good": "ok", "bad": "failed", "raises": "failed"}),
    ],
)
def test_checks_are_callables_of_both_kinds(checks: list[Callable[[], Any]], expected: dict[str, str]) -> None:
    with override_settings(BOLT={"READY_CHECKS": checks}), TestClient(BoltAPI()) as client:
        answer = client.get("/ready")
    assert answer.status_code == (503 if "failed" in expected.values() else 200)
    assert {name: result["status"] for name, result in answer.json()["checks"].items()} == expected
    assert "secret" not in answer.text


def test_the_reason_is_told_while_debugging() -> None:
    with override_settings(BOLT={"READY_CHECKS": [raises], "DEBUG": True}), TestClient(BoltAPI()) as client:
        checks = client.get("/ready").json()["checks"]
    assert checks == {"raises": {"status": "failed", "error": "ValueError: the secret reason"}}


def test_answers_are_given_again_for_a_second() -> None:
    asked: list[int] = []
    with override_settings(BOLT={"READY_CHECKS": [lambda: asked.append(1)]}), TestClient(BoltAPI()) as client:
        for _ in range(20):
            client.get("/ready")
    assert len(asked) < 20


async def test_the_async_client_is_answered_alike() -> None:
    with override_settings(BOLT={"READY_CHECKS": [good, raises]}):
        async with AsyncTestClient(BoltAPI()) as client:
            assert (await client.get("/health")).json() == {"status": "ok"}
            assert (await client.get("/ready")).status_code == 503


def test_a_worker_that_was_told_to_stop_is_not_ready() -> None:
    with TestClient(BoltAPI()) as client:
        client._stage.host.worker.stop()
        answer = client.get("/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "draining"})
