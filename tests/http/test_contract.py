"""The grammar of scalars, read from the file that the core's own tests read, asked over HTTP."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import pytest

from django_bolt import BoltAPI, Query
from django_bolt.testing import TestClient

CONTRACT = Path(__file__).parents[1] / "contract" / "coerce.json"

KINDS: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": float,
    "decimal": Decimal,
    "bool": bool,
    "uuid": UUID,
    "date": datetime.date,
    "datetime": datetime.datetime,
    "time": datetime.time,
    "timedelta": datetime.timedelta,
}
READ: dict[str, Any] = {
    **KINDS,
    "bool": lambda value: value,
    "date": datetime.date.fromisoformat,
    "datetime": datetime.datetime.fromisoformat,
    "time": datetime.time.fromisoformat,
    "timedelta": lambda *parts: datetime.timedelta(*parts),
}

# A NUL never reaches a grammar over HTTP: it is refused with the text (test_refusals.py).
CASES = [
    case
    for case in json.loads(CONTRACT.read_text())
    if case["coerce"]["kind"] in KINDS and "text" in case and "\0" not in case["text"]
]


def annotation(coerce: dict[str, Any]) -> Any:
    bounds = {name: bound for name, bound in coerce.items() if name != "kind"}
    scalar = KINDS[coerce["kind"]]
    return Annotated[scalar, Query(**bounds)]


@pytest.fixture(scope="module")
def answers() -> Any:
    """One application with a route for each kind and its bounds, and what its handlers got."""
    api = BoltAPI()
    seen: list[Any] = []
    paths = sorted({json.dumps(case["coerce"], sort_keys=True) for case in CASES})
    for index, path in enumerate(paths):

        async def handler(value: Any) -> None:
            seen.append(value)

        handler.__annotations__ = {"value": annotation(json.loads(path))}
        api.get(f"/{index}")(handler)

    with TestClient(api) as client:

        def ask(case: dict[str, Any]) -> Any:
            seen.clear()
            index = paths.index(json.dumps(case["coerce"], sort_keys=True))
            response = client.get(f"/{index}", params={"value": case["text"]})
            return response, seen[0] if seen else None

        yield ask


def test_the_file_has_every_kind() -> None:
    assert {case["coerce"]["kind"] for case in CASES} == set(KINDS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['coerce']['kind']} {case['text'][:30]!r}")
def test_case(case: dict[str, Any], answers: Any) -> None:
    response, value = answers(case)
    if "error" in case:
        assert response.status_code == 422
        assert response.json() == {"detail": [{"loc": ["query", "value"], **case["error"]}]}
    else:
        kind, *parts = case["ok"]
        expected = READ[kind](*parts)
        assert response.status_code == 200
        assert (value, type(value), repr(value)) == (expected, type(expected), repr(expected))
