"""Keys of an issuer before real processes: fetched behind requests, kept while it is down, replaced as it says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.http.tokens import rsa_key
from tests.issuer import Issuer, public, signed
from tests.server.harness import Server, Wire, eventually, request

MakeServer = Callable[..., Server]
ONE, TWO, THREE = (rsa_key(name) for name in ("one", "two", "three"))
BROKEN = [(503, b""), (200, b"<html>"), (200, b'{"keys": []}')]


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as issuer:
        issuer.publish(public(ONE, "one"))
        yield issuer


def start(make_server: MakeServer, issuer: Issuer) -> Server:
    return make_server(
        "127.0.0.1:0", "--processes", "2", DJANGO_SETTINGS_MODULE="visitors.settings", PROJECT_ISSUER=issuer.url
    )


def statuses(server: Server, *tokens: str, path: str = "/often") -> list[list[int]]:
    """Return the answers of each process to some tokens."""
    with server.connect_each() as wires:
        return [[visit(wire, token, path=path) for token in tokens] for wire in wires]


def visit(wire: Wire, token: str, *, path: str = "/often") -> int:
    return wire.send(request("GET", path, f"Authorization: Bearer {token}")).answer().status


def test_keys_that_rotate_while_two_processes_serve(make_server: MakeServer, issuer: Issuer) -> None:
    one, two, three = signed(ONE, "one"), signed(TWO, "two"), signed(THREE, "three")
    with start(make_server, issuer) as server:
        # No start without the keys, where they can be had.
        assert statuses(server, one, two) == [[200, 401]] * 2
        issuer.publish(public(TWO, "two"))
        eventually(lambda: statuses(server, one, two) == [[401, 200]] * 2)

        issuer.close()
        eventually(lambda: server.log().count("the ones known stay") >= 2)
        assert statuses(server, one, two) == [[401, 200]] * 2

        issuer.start()
        for status, body in BROKEN:
            before = len(issuer.asked)
            issuer.answer(status, body)
            eventually(lambda before=before: len(issuer.asked) >= before + 2, timeout=30)
            assert statuses(server, one, two) == [[401, 200]] * 2

        issuer.publish(public(TWO, "two"), public(THREE, "three"))
        eventually(lambda: statuses(server, two, three) == [[200, 200]] * 2, timeout=30)

        # Whoever asks seldom has the first key still; a token's name of a new one makes it ask, if not at once.
        eventually(lambda: statuses(server, one, three, path="/seldom") == [[401, 200]] * 2, timeout=30)
        assert "Traceback" not in server.log()


def test_a_slow_issuer_holds_nobody_up(make_server: MakeServer, issuer: Issuer) -> None:
    token = signed(ONE, "one")
    with start(make_server, issuer) as server, server.connect_each() as wires:
        issuer.delay = 4.0
        # Both processes have asked, and wait.
        before = len(issuer.asked)
        eventually(lambda: len(issuer.asked) >= before + 2)
        began = time.monotonic()
        assert [visit(wire, token) for wire in wires] == [200, 200]
        assert time.monotonic() - began < issuer.delay


def test_an_issuer_that_is_down_at_the_start(make_server: MakeServer, issuer: Issuer) -> None:
    issuer.close()
    token = signed(ONE, "one")
    with start(make_server, issuer) as server:
        assert statuses(server, token) == [[401]] * 2
        issuer.start()
        eventually(lambda: statuses(server, token) == [[200]] * 2)
