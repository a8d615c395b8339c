"""From a configuration to a serving process: find the applications, assemble them, listen, hand over to the worker.

What happens to a connection is the worker's business.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from django.db import connections

from django_bolt import conf
from django_bolt._plan.compile import Route
from django_bolt._runtime.assemble import Assembled
from django_bolt._runtime.hooks import SeatHooks
from django_bolt._server.listen import listen
from django_bolt._server.project import assemble_project
from django_bolt.lifespan import lifespan


def serve(
    configuration: conf.Configuration,
    *,
    announce: Callable[[Assembled, int], None],
    listener: socket.socket | None = None,
    observe: Callable[[SeatHooks, Sequence[Route]], SeatHooks] | None = None,
) -> None:
    """Serve every application of the project until the process is told to stop.

    `announce(assembled, port)` is called once the socket listens; `listener` is one that listens already. `observe` is
    what the worker takes. Raises `CommandError` where the project has nothing to serve, and `CannotListen` for the
    socket.
    """
    # Only serving needs the extension module: flags, checks and plans do without.
    from django_bolt._runtime import worker  # noqa: PLC0415

    assembled = assemble_project(configuration)
    # What imports and checks opened: a worker takes its connections itself.
    connections.close_all()
    if listener is None:
        listener = listen(configuration.host, configuration.port, backlog=configuration.backlog)
    with listener:
        announce(assembled, listener.getsockname()[1])
        worker.serve(assembled, listener, lifespan=lifespan, settings=configuration, observe=observe)
