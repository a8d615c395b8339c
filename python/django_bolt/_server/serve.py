"""From a configuration to a server: find the applications, assemble them, listen, hand over to workers.

What happens to a connection is a worker's business, what happens to a worker the supervisor's.
"""

from __future__ import annotations

import gc
import signal
import socket
from collections.abc import Callable, Sequence
from typing import Any

from django.core.management.base import CommandError
from django.db import connections
from django.utils.module_loading import import_string

from django_bolt import conf
from django_bolt._plan.compile import Route
from django_bolt._runtime.assemble import Assembled
from django_bolt._runtime.hooks import SeatHooks
from django_bolt._server import worker_process
from django_bolt._server.generation import find_parent
from django_bolt._server.listen import listening, port_of
from django_bolt._server.project import assemble_project
from django_bolt._server.shared_memory import share
from django_bolt._server.supervisor import supervise
from django_bolt._server.worker_process import Post
from django_bolt.lifespan import lifespan
from django_bolt.orm.connections import close_driver_pools


def serve(
    configuration: conf.Configuration,
    *,
    announce: Callable[[Assembled, int], None],
    listener: socket.socket | None = None,
    observe: Callable[[SeatHooks, Sequence[Route]], SeatHooks] | None = None,
) -> None:
    """Serve every application of the project until the process is told to stop.

    Forked workers serve; with a `listener`, which listens already, this process does. `announce(assembled, port)` is
    called once the socket listens, in the first generation. `observe` is what the worker takes. Raises `CommandError`
    where the project has nothing to serve, `CannotListen` for the socket, and `WorkerFailed` where no worker can start.
    """
    # Only serving needs the extension module: flags, checks and plans do without.
    from django_bolt._runtime import worker  # noqa: PLC0415

    parent = find_parent()
    assembled = assemble_project(configuration)
    try:
        app = worker.compile_app(assembled)
    except ValueError as error:
        # What Rust reads: the certificate, the networks of proxies.
        raise CommandError(str(error)) from None
    post_fork = find_post_fork(configuration)
    # What imports and checks opened: a worker takes its connections itself, and none crosses a fork.
    connections.close_all()
    close_driver_pools()
    if listener is not None:
        with listener:
            announce(assembled, port_of(listener))
            worker.serve(app, assembled, listener, lifespan=lifespan, settings=configuration, observe=observe)
        return
    with parent.listener if parent is not None else listening(configuration) as shared:
        memory = share(app, parent.memory if parent is not None else None)

        def announce_first() -> None:
            if parent is None:
                announce(assembled, port_of(shared))

        def run(post: Post) -> int:
            def serve_forked(started: Callable[[Any, Any], None]) -> None:
                worker.serve(
                    app,
                    assembled,
                    shared,
                    lifespan=lifespan,
                    settings=configuration,
                    signals=(signal.SIGTERM,),
                    started=started,
                )

            return worker_process.run(post, configuration, serve_forked, post_fork)

        # What is there now is never collected, so no worker writes to the pages that it shares with the others. Nor is
        # it at the end, where that would be most of a stop: 200 ms in place of 40.
        gc.collect()
        gc.freeze()
        supervise(configuration, shared, parent, memory=memory, run=run, announce=announce_first)


def find_post_fork(configuration: conf.Configuration) -> Callable[[int], Any] | None:
    """Return what `BOLT["POST_FORK"]` names."""
    post_fork = configuration.post_fork
    if not isinstance(post_fork, str):
        return post_fork
    try:
        found: Callable[[int], Any] = import_string(post_fork)
    except ImportError as error:
        raise CommandError(f'BOLT["POST_FORK"] is {post_fork!r}, which cannot be imported: {error}') from error
    if not callable(found):
        raise CommandError(f'BOLT["POST_FORK"] is {post_fork!r}: expected a callable, found {type(found).__name__}.')
    return found
