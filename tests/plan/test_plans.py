"""Plans as text, compared with what is kept beside this file.

`UPDATE_PLANS=1 pytest tests/plan` writes the texts anew; the difference is then read by a person.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from django_bolt._plan.text import describe
from tests.plan.routes import routes

HERE = Path(__file__).parent
ROUTES = routes()


@pytest.mark.parametrize("name", ROUTES)
def test_the_plan_reads_as_it_did(name):
    file = HERE / f"{name}.txt"
    if os.environ.get("UPDATE_PLANS"):
        file.write_text(describe(ROUTES[name]))
    assert describe(ROUTES[name]) == file.read_text()


def test_no_text_is_left_over():
    assert {file.stem for file in HERE.glob("*.txt")} == set(ROUTES)
