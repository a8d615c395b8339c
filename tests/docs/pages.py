"""Reads the Python out of a Markdown page: the blocks that are shown and the checks that are not.

Nothing here may run what it reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

ROOT = Path(__file__).resolve().parents[2]

PIECE = re.compile(r"^```python[^\n]*\n(?P<shown>.*?)^```$|^<!-- test:(?P<hidden>.*?)-->$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Block:
    """Python that stands on a page."""

    page: str
    line: int
    """Number of the page's line that is the first of the source."""
    source: str

    def code(self) -> CodeType:
        """Return the block compiled, with the page's own line numbers."""
        return compile("\n" * (self.line - 1) + self.source, self.page, "exec", dont_inherit=True)


def blocks(page: str, text: str) -> Iterator[Block]:
    """Yield every block of ``text`` in order."""
    for match in PIECE.finditer(text):
        group = "hidden" if match["shown"] is None else "shown"
        yield Block(page=page, line=text.count("\n", 0, match.start(group)) + 1, source=match[group])


def pages() -> dict[str, list[Block]]:
    """Return the blocks of README.md and of every page below docs/, by the path of the page; none without a block."""
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    names = {path.relative_to(ROOT).as_posix(): path for path in paths}
    found = {name: list(blocks(name, path.read_text(encoding="utf-8"))) for name, path in names.items()}
    return {name: on_page for name, on_page in found.items() if on_page}
