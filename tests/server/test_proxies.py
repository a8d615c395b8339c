"""Trusted proxies are believed, nobody else; and fields that would pass for others are not there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.server.harness import Server, eventually, request

CLIENT = "203.0.113.7"


def serving(directory: Any, **bolt: Any) -> Server:
    """Return a server whose proxies are on the loopback interface, for two hosts."""
    hosts = json.dumps(["localhost", "shop.example"])
    return Server(
        directory, "127.0.0.1:0", PROJECT_HOSTS=hosts, PROJECT_FORWARDED_HOST="1", PROJECT_BOLT=json.dumps(bolt)
    )


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that believes `X-Forwarded-*` of 127.0.0.1 and of 10.0.0.0/8."""
    directory = tmp_path_factory.mktemp("server")
    with serving(directory, TRUSTED_PROXIES=["127.0.0.1", "10.0.0.0/8"]) as running:
        yield running
        running.assert_well()


@pytest.fixture(scope="module")
def behind_standard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same with `Forwarded`, and the mask of the network written out."""
    directory = tmp_path_factory.mktemp("server")
    with serving(directory, TRUSTED_PROXIES=["127.0.0.0/255.0.0.0", "10.0.0.0/8"], FORWARDED="forwarded") as running:
        yield running
        running.assert_well()


def who(server: Server, *headers: str) -> dict[str, Any]:
    """Return what a handler knows of who asks."""
    response = server.get("/entrance/who", *headers)
    assert response.status == 200, response.body
    found: dict[str, Any] = json.loads(response.body)
    assert found["remote"] == found["client"][0]
    assert found["secure"] == (found["scheme"] == "https")
    return found


@pytest.mark.parametrize(
    ("field", "client"),
    [
        (CLIENT, CLIENT),
        (f"198.51.100.1, {CLIENT}", CLIENT),
        (f"{CLIENT}, 10.1.2.3, 10.0.0.1", CLIENT),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        (f"{CLIENT}:1234", CLIENT),
        ("10.0.0.9, 10.0.0.8", "10.0.0.9"),
        (f"{CLIENT}, unknown", "127.0.0.1"),
        ("nonsense", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_the_client_is_the_nearest_address_that_is_not_trusted(behind: Server, field: str, client: str) -> None:
    assert who(behind, f"X-Forwarded-For: {field}")["client"][0] == client


def test_several_fields_are_one_list(behind: Server) -> None:
    assert who(behind, "X-Forwarded-For: 198.51.100.1", f"X-Forwarded-For: {CLIENT}")["client"][0] == CLIENT
    assert who(behind, f"X-Forwarded-For: {CLIENT}:99")["client"] == [CLIENT, 99]


def test_the_scheme_is_believed_where_proxies_agree_on_it(behind: Server) -> None:
    assert who(behind)["scheme"] == "http"
    assert who(behind, "X-Forwarded-Proto: https")["scheme"] == "https"
    assert who(behind, "X-Forwarded-Proto: https, https")["scheme"] == "https"
    for conflicting in (["https, http"], ["https", "http"], ["ftp"]):
        fields = [f"X-Forwarded-Proto: {value}" for value in conflicting]
        assert who(behind, *fields)["scheme"] == "http", conflicting


def test_the_host_is_believed_and_has_to_be_allowed(behind: Server) -> None:
    assert who(behind, "X-Forwarded-Host: shop.example")["host"] == "shop.example"
    assert who(behind, "X-Forwarded-Host: shop.example, other.example")["host"] == "localhost"
    assert behind.get("/hello", "X-Forwarded-Host: evil.example").status == 400


def test_a_client_that_asks_first_is_known_by_the_same_word(behind: Server) -> None:
    fields = "Expect: 100-continue", "Content-Length: 2", f"X-Forwarded-For: {CLIENT}"
    with behind.connect() as wire:
        assert wire.send(request("POST", "/entrance/sent", *fields)).answer().status == 100
        assert wire.send(b"{}").answer().body == CLIENT.encode()
    refused = behind.ask(request("POST", "/entrance/sent", *fields, "X-Forwarded-Host: evil.example"))
    assert refused is not None
    assert refused.status == 400


def test_the_access_log_names_the_client(behind: Server) -> None:
    who(behind, "X-Forwarded-For: 198.51.100.77")
    eventually(lambda: any(line.startswith("198.51.100.77 ") for line in behind.access_log()))


def test_every_request_of_a_connection_has_its_own_client(behind: Server) -> None:
    with behind.connect() as wire:
        for address in (CLIENT, "198.51.100.9"):
            data = f"GET /entrance/who HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {address}\r\n\r\n"
            assert json.loads(wire.send(data.encode()).answer().body)["remote"] == address
        data = "GET /entrance/who HTTP/1.1\r\nHost: localhost\r\n\r\n"
        assert json.loads(wire.send(data.encode()).answer().body)["remote"] == "127.0.0.1"


def test_forwarded_is_read_where_it_is_the_field_to_read(behind_standard: Server) -> None:
    found = who(
        behind_standard, f"Forwarded: for=198.51.100.1, for={CLIENT};proto=https;host=shop.example, for=10.0.0.1"
    )
    assert (found["client"][0], found["scheme"], found["host"]) == (CLIENT, "https", "shop.example")
    assert who(behind_standard, 'Forwarded: for="[2001:db8::7]:4711"')["client"] == ["2001:db8::7", 4711]
    for malformed in (f"for={CLIENT};for=10.0.0.1", f'for="{CLIENT}', "for=_secret", "for=unknown", ";;,,"):
        assert who(behind_standard, f"Forwarded: {malformed}")["client"][0] == "127.0.0.1", malformed


def test_the_other_kind_of_field_is_not_believed(behind: Server, behind_standard: Server) -> None:
    assert who(behind, f"Forwarded: for={CLIENT};proto=https")["client"][0] == "127.0.0.1"
    found = who(
        behind_standard, f"X-Forwarded-For: {CLIENT}", "X-Forwarded-Proto: https", "X-Forwarded-Host: shop.example"
    )
    assert (found["client"][0], found["scheme"], found["host"]) == ("127.0.0.1", "http", "localhost")


def test_nobody_is_believed_unless_named(server: Server) -> None:
    fields = [f"X-Forwarded-For: {CLIENT}", "X-Forwarded-Proto: https", f"Forwarded: for={CLIENT};proto=https"]
    found = who(server, *fields)
    assert (found["client"][0], found["scheme"]) == ("127.0.0.1", "http")


def test_cve_2026_3902_a_field_with_an_underscore_passes_for_no_other(behind: Server) -> None:
    forged = ["X_Forwarded_For: 198.51.100.1", "X_Real_User: admin", "x-real_user: admin", "X_Forwarded_Proto: https"]
    response = behind.get("/entrance/meta", *forged, "X-Mine: 1")
    found = json.loads(response.body)
    assert (set(found["META"]), set(found["headers"])) == ({"HTTP_HOST", "HTTP_X_MINE"}, {"host", "x-mine"})
    assert who(behind, *forged)["client"][0] == "127.0.0.1"


def test_fields_behind_a_chunked_body_are_seen_by_nobody(behind: Server) -> None:
    with behind.connect() as wire:
        wire.send(b"POST /entrance/json HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        trailer = b"Host: evil.example\r\nContent-Length: 5\r\nX-Forwarded-For: 198.51.100.1\r\n"
        assert wire.send(b"2\r\n{}\r\n0\r\n" + trailer + b"\r\n").answer().status == 200
        data = b"GET /entrance/who HTTP/1.1\r\nHost: localhost\r\n\r\n"
        assert json.loads(wire.send(data).answer().body)["client"][0] == "127.0.0.1"
