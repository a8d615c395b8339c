"""The server of a module: started once, ended by its process id."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.server.harness import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The project, served with its defaults on a port of the system's choice."""
    with Server(tmp_path_factory.mktemp("server"), "127.0.0.1:0") as running:
        yield running
        running.assert_well()


@pytest.fixture(scope="module")
def database_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same, with the project's tables."""
    with Server(tmp_path_factory.mktemp("server"), "127.0.0.1:0").migrate() as running:
        yield running
        running.assert_well()


@pytest.fixture
def make_server(tmp_path: object) -> Callable[..., Server]:
    """Make a server that the test starts itself: `with make_server("--port", "0") as server`."""
    made: list[Server] = []

    def make(*arguments: str, **options: object) -> Server:
        server = Server(tmp_path / str(len(made)), *arguments, **options)  # type: ignore[operator,arg-type]
        made.append(server)
        return server

    return make
