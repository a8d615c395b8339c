"""The listening socket, on real ports."""

from __future__ import annotations

import socket

import pytest

from django_bolt._server.listen import CannotListen, listen


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "::"])
def test_a_client_connects(host):
    with listen(host, 0, backlog=5) as listener:
        assert listener.getblocking() is False
        family_host = listener.getsockname()[0]
        client_host = "::1" if family_host == "::" else family_host
        with socket.create_connection((client_host, listener.getsockname()[1]), timeout=5):
            listener.settimeout(5)
            connection, _ = listener.accept()
            connection.close()


def test_the_ipv6_wildcard_serves_ipv4_too():
    with listen("::", 0, backlog=5) as listener:
        socket.create_connection(("127.0.0.1", listener.getsockname()[1]), timeout=5).close()


def test_a_port_in_use_is_one_line():
    with listen("127.0.0.1", 0, backlog=5) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(CannotListen) as caught:
            listen("127.0.0.1", port, backlog=5)
    assert str(caught.value) == f"Cannot listen on 127.0.0.1 port {port}: that port is already in use."


def test_a_port_is_free_again_at_once_although_a_connection_lingers():
    with listen("127.0.0.1", 0, backlog=5) as listener:
        address = listener.getsockname()
        client = socket.create_connection(address, timeout=5)
        listener.settimeout(5)
        connection, _ = listener.accept()
        connection.close()
    client.close()
    listen(*address, backlog=5).close()


@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1", "999.1.1.1", "a" * 300])
def test_an_address_that_is_not_ours_is_one_line(host):
    with pytest.raises(CannotListen, match=f"^Cannot listen on {host}") as caught:
        listen(host, 0, backlog=5)
    assert "\n" not in str(caught.value)
