"""Workers that are worn out: replaced first, then drained."""

from __future__ import annotations

from collections.abc import Callable

from tests.server.harness import Server, eventually
from tests.server.load import Load

MakeServer = Callable[..., Server]


def test_workers_are_replaced_after_their_requests_and_none_is_lost(make_server: MakeServer) -> None:
    flags = ["--max-requests", "50", "--max-requests-jitter", "50"]
    with make_server("127.0.0.1:0", "--processes", "2", *flags) as server:
        with Load(server.port) as load:
            eventually(lambda: len(load.answered) >= 6, timeout=30)
        assert load.failures == []
        assert load.refused == 0
        assert "retires" in server.log()


def test_a_worker_that_has_grown_is_replaced(make_server: MakeServer) -> None:
    with make_server("127.0.0.1:0", "--max-rss", "1") as server:
        before = server.get("/pid").body
        assert eventually(lambda: (now := server.get("/pid").body) != before and now, timeout=20)
        assert "retires" in server.log()
