"""Runs a snippet of a user's document as a module of its own."""

from __future__ import annotations

import itertools
import sys
import textwrap
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Run = Callable[..., types.SimpleNamespace]

NUMBERS = itertools.count(1)


@pytest.fixture
def run() -> Iterator[Callable[..., Any]]:
    """Return `run(source, **names)`: the snippet's module, in which `names` stand for what the document leaves out."""
    made: list[str] = []

    def execute(source: str, **names: Any) -> Any:
        module = types.ModuleType(f"snippet_{next(NUMBERS)}")
        sys.modules[module.__name__] = module
        made.append(module.__name__)
        vars(module).update(names)
        code = compile(textwrap.dedent(source), module.__name__, "exec", dont_inherit=True)
        exec(code, vars(module))
        return module

    yield execute
    for name in made:
        del sys.modules[name]
