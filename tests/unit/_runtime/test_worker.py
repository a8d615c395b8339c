from __future__ import annotations

import socket

from django_bolt import BoltAPI
from django_bolt._runtime.assemble import assemble
from django_bolt._runtime.drive import driver
from django_bolt._runtime.hooks import SeatHooks
from django_bolt._runtime.loop import GuestLoop
from django_bolt._runtime.worker import Host, compile_app


def test_a_worker_that_is_stopped_before_it_serves_ends_at_once() -> None:
    """A signal may come while the lifespan starts."""
    event_loop = GuestLoop()
    hooks = SeatHooks(drive=driver({}), submit=lambda job: job(), after=lambda: None)
    with event_loop.hosted(), socket.create_server(("127.0.0.1", 0)) as listener:
        host = Host(compile_app(assemble([BoltAPI()])), event_loop, hooks)
        host.worker.stop()
        host.worker.serve(listener.detach(), 1.0, 1.0)
    host.close()
