"""The parent of `runbolt --dev`: holds the listening socket, watches files, and restarts the process that serves.

The parent imports no handler: a mistake in one ends the child only, and the next change tries again.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from django.apps import apps
from django.conf import settings
from django.template.autoreload import get_template_directories
from django.utils.autoreload import get_child_arguments
from watchfiles import Change, DefaultFilter, watch

from django_bolt._server.dev.source import import_directories, is_project_directory, shown

LISTENER = "DJANGO_BOLT_DEV_LISTENER"
LIFELINE = "DJANGO_BOLT_DEV_LIFELINE"
PATIENCE = 3.0
"""Seconds that requests in flight get at a restart, or at the end."""
SUFFIXES = (".py", ".mo")


def inherited_listener() -> socket.socket | None:
    """Return the parent's listening socket in a child; None in the parent. From now on the child ends with its parent.

    What the two tell each other by is taken out of the environment: a process that a handler starts is no child.
    """
    listener, lifeline = os.environ.pop(LISTENER, None), os.environ.pop(LIFELINE, None)
    if listener is None or lifeline is None:
        return None
    for descriptor in (listener, lifeline):
        os.set_inheritable(int(descriptor), False)
    threading.Thread(target=_end_with_parent, args=(int(lifeline),), name="bolt-dev-lifeline", daemon=True).start()
    return socket.socket(fileno=int(listener))


def _end_with_parent(lifeline: int) -> None:
    # Nobody writes: it returns when the parent's end is closed, however the parent died.
    os.read(lifeline, 1)
    threading.Timer(PATIENCE, os._exit, (1,)).start()
    os.kill(os.getpid(), signal.SIGTERM)


class Reloader:
    """Runs this very command again as a child, again after each change, until told to stop."""

    def __init__(self, listener: socket.socket, *, output: TextIO | Any) -> None:
        self._listener = listener
        self._output = output
        self._stop = threading.Event()
        self._lifeline, self._held = os.pipe()
        self._child: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM."""
        templates = [str(path) for path in get_template_directories()]
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._stop.set())
        try:
            self._start()
            changes = watch(
                *roots(templates),
                watch_filter=Filter(templates),
                debounce=200,
                step=50,
                stop_event=self._stop,
                rust_timeout=200,
                yield_on_timeout=True,
                raise_interrupt=False,
                ignore_permission_denied=True,
            )
            for changed in changes:
                if self._stop.is_set():
                    break
                if changed:
                    self._say(f"{listed(sorted({path for _, path in changed}))} changed, restarting")
                    self._end()
                    self._start()
                else:
                    self._look()
        finally:
            self._end()

    def _start(self) -> None:
        descriptors = (self._listener.fileno(), self._lifeline)
        environment = {**os.environ, LISTENER: str(descriptors[0]), LIFELINE: str(descriptors[1])}
        self._child = subprocess.Popen(get_child_arguments(), env=environment, pass_fds=descriptors)  # noqa: S603

    def _look(self) -> None:
        """Say once that the child ended by itself."""
        if self._child is not None and (code := self._child.poll()) is not None:
            self._child = None
            self._say(f"The server ended with code {code}; it starts again when a file changes.")

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None or child.poll() is not None:
            return
        child.terminate()
        try:
            child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _say(self, line: str) -> None:
        self._output.write(line + "\n")
        self._output.flush()


class Filter(DefaultFilter):
    """Lets through code and translations, and whatever lies in a directory of templates."""

    def __init__(self, templates: Iterable[str]) -> None:
        super().__init__()
        self._templates = tuple(os.path.realpath(path) + os.sep for path in templates)

    def __call__(self, change: Change, path: str) -> bool:
        """Return whether a change is one to restart for."""
        wanted = path.endswith(SUFFIXES) or path.startswith(self._templates)
        return wanted and super().__call__(change, path)


def roots(templates: Iterable[str]) -> list[str]:
    """Return the directories to watch, none of them inside another one."""
    candidates = {os.path.realpath(os.curdir), *import_directories()}
    candidates |= {os.path.realpath(app.path) for app in apps.get_app_configs() if is_project_directory(app.path)}
    candidates |= {os.path.realpath(path) for path in templates if is_project_directory(path)}
    if (base := getattr(settings, "BASE_DIR", None)) is not None and is_project_directory(str(base)):
        candidates.add(os.path.realpath(base))
    return sorted(path for path in candidates if not any(str(parent) in candidates for parent in Path(path).parents))


def listed(paths: list[str]) -> str:
    """Return the first of some files, and how many more there are."""
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return shown(paths[0]) + more
