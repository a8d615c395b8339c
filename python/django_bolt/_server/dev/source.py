"""Which code is the project's own: for what is watched, and for the lines that warnings name."""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

import django

FOREIGN_PARTS = frozenset({"site-packages", "dist-packages"})
PACKAGE = str(Path(__file__).resolve().parents[2]) + os.sep


@functools.cache
def foreign_roots() -> tuple[str, ...]:
    """Return the directories of the standard library, of Django and of this package."""
    libraries = {os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    return (*(path + os.sep for path in libraries), str(Path(django.__file__).resolve().parent) + os.sep, PACKAGE)


@functools.lru_cache(maxsize=4096)
def is_project(filename: str) -> bool:
    """Return whether a file is the project's: neither installed, nor the standard library, nor made up."""
    if filename.startswith("<"):
        return False
    path = os.path.realpath(filename)
    return not path.startswith(foreign_roots()) and FOREIGN_PARTS.isdisjoint(Path(path).parts)


def is_project_directory(path: str) -> bool:
    """Return whether a directory is one to find the project's code in."""
    return os.path.isdir(path) and os.path.dirname(path) != path and is_project(os.path.join(path, "any.py"))


def shown(filename: str) -> str:
    """Return a file's name as short as it can be said from here."""
    relative = os.path.relpath(filename)
    return filename if relative.startswith("..") else relative


def import_directories() -> list[str]:
    """Return the directories that the project's modules are imported from."""
    return [os.path.realpath(entry or os.curdir) for entry in sys.path if is_project_directory(entry or os.curdir)]


Place = tuple[FrameType, int]
"""A frame and the line that it is at; the line of a frame that runs on is another one later."""


def stack_of(frame: FrameType | None) -> list[Place]:
    """Return the frames from the outermost to this one."""
    found = [] if frame is None else list(traceback.walk_stack(frame))
    return found[::-1]


def project_part(stack: Iterable[Place]) -> list[Place]:
    """Return what of a stack is the project's code."""
    return [(frame, line) for frame, line in stack if is_project(frame.f_code.co_filename)]


def describe(stack: Iterable[Place]) -> str:
    """Return a stack as a traceback shows it."""
    return "".join(traceback.StackSummary.extract(iter(stack)).format()).rstrip()
