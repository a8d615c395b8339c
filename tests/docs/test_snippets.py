"""Every Python block of README.md and docs/ runs, page by page and from top to bottom, and what a page asserts holds.

A comment ``<!-- test: ... -->`` after a block holds checks that readers need not see.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.docs.pages import ROOT, blocks, pages

PAGES = pages()


@pytest.fixture
def module() -> Iterator[ModuleType]:
    """A module of its own for each page: Structs look their annotations up in ``sys.modules``."""
    module = ModuleType("page")
    sys.modules["page"] = module
    yield module
    del sys.modules["page"]


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
def test_page(page: str, module: ModuleType) -> None:
    for block in PAGES[page]:
        exec(block.code(), module.__dict__)


@pytest.mark.parametrize("page", PAGES)
def test_no_block_is_hidden_by_its_indentation(page: str) -> None:
    assert not re.search(r"^[ \t>]+```python", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)


def test_blocks_are_found_in_order() -> None:
    text = "a\n\n```python\nx = 1\n```\n\n<!-- test:\nassert x == 1\n-->\n\n```console\n$ no\n```\n```python\ny\n```\n"
    found = [(block.line, block.source) for block in blocks("page.md", text)]
    assert found == [(4, "x = 1\n"), (7, "\nassert x == 1\n"), (15, "y\n")]


def test_lines_are_those_of_the_page() -> None:
    (block,) = blocks("page.md", "one\ntwo\n```python\nraise KeyError\n```\n")
    with pytest.raises(KeyError) as caught:
        exec(block.code(), {})
    assert caught.traceback[-1].lineno + 1 == 4
