"""What the scripts that load a server share: the tool they need, and a server of their own.

Nothing here may judge what came of it.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.server.harness import Server


def require(tool: str) -> None:
    """End the program with status 2 where a tool is not installed."""
    if not shutil.which(tool):
        print(f"{tool} is not installed (Debian: apt-get install {tool})", file=sys.stderr)
        sys.exit(2)


@contextmanager
def served() -> Iterator[Server]:
    """Serve the tests' project on a free port."""
    with tempfile.TemporaryDirectory() as directory, Server(Path(directory), "127.0.0.1:0") as server:
        yield server
