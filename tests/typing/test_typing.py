"""mypy and pyright understand the public names as `declarations.py` says, and refuse what `mistakes.py` marks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CHECKERS = {
    "mypy": [sys.executable, "-m", "mypy", "--no-error-summary"],
    "pyright": [sys.executable, "-m", "pyright", "--pythonpath", sys.executable],
}
# mypy: "tests/typing/mistakes.py:7: error: …"; pyright: "/…/mistakes.py:7:22 - error: …".
ERROR = re.compile(r"mistakes\.py:(\d+)(?::\d+)?(?: -|:) error:")


def check(checker: str, file: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CHECKERS[checker], str(HERE / file)], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("checker", CHECKERS)
def test_declarations_are_understood(checker: str) -> None:
    outcome = check(checker, "declarations.py")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.timeout(300)
@pytest.mark.parametrize("checker", CHECKERS)
def test_mistakes_are_refused(checker: str) -> None:
    lines = (HERE / "mistakes.py").read_text(encoding="utf-8").splitlines()
    marked = {number for number, line in enumerate(lines, 1) if line.endswith("# error")}
    outcome = check(checker, "mistakes.py")
    assert {int(number) for number in ERROR.findall(outcome.stdout)} == marked, outcome.stdout + outcome.stderr
