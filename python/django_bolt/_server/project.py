"""The project's routes for a command: found and compiled, or one `CommandError` that says why not.

Nothing here may listen or serve.
"""

from __future__ import annotations

import importlib
import traceback

from django.core.management.base import CommandError

from django_bolt import conf, discovery
from django_bolt._plan.errors import PlanError
from django_bolt._runtime.assemble import Assembled, assemble
from django_bolt.discovery import ImportFailed, NoAPIFound, discover

# Where the way to a project's module leads through.
IMPORTING = (discovery.__file__, importlib.__file__, "<frozen importlib")


class CannotImport(CommandError):
    """A module of the project that may hold an application raised; the text ends with its traceback."""


def assemble_project(configuration: conf.Configuration) -> Assembled:
    """Return every application of the project, assembled; raises `CommandError` where that cannot be."""
    try:
        return assemble(discover(), configuration=configuration)
    except ImportFailed as error:
        raise CannotImport(f"{error}\n\n{own_traceback(error.reason)}") from error.reason
    except (NoAPIFound, PlanError) as error:
        raise CommandError(str(error)) from error


def own_traceback(error: BaseException) -> str:
    """Return the traceback from the first line that is the project's: how it came to be imported is left out."""
    report = traceback.TracebackException.from_exception(error)
    frames = list(report.stack)
    while frames and frames[0].filename.startswith(IMPORTING):
        frames.pop(0)
    report.stack = traceback.StackSummary.from_list(frames)
    return "".join(report.format()).rstrip()
