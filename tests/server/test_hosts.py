"""`ALLOWED_HOSTS`: who is answered, by Django's rules and before Python is asked."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest
from django.http.request import split_domain_port, validate_host

from tests.server.harness import Server, Wire, request

HOSTS = ["localhost", "www.example.com", ".example.org", "[::1]", "127.0.0.2"]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for a few names, whose proxies are elsewhere."""
    options = {"PROJECT_HOSTS": json.dumps(HOSTS), "PROJECT_FORWARDED_HOST": "1"}
    bolt = {"TRUSTED_PROXIES": ["192.0.2.0/24"]}
    directory = tmp_path_factory.mktemp("server")
    with Server(directory, "127.0.0.1:0", PROJECT_BOLT=json.dumps(bolt), **options) as running:
        yield running
        running.assert_well()


def status(server: Server, host: str | bytes, *headers: str) -> int:
    """Return the status of a GET for a host."""
    raw = host if isinstance(host, bytes) else host.encode("latin-1")
    response = server.ask(b"\r\n".join([b"GET /hello HTTP/1.1", b"Host: " + raw, *map(str.encode, headers), b"", b""]))
    assert response is not None
    return response.status


def generated() -> list[str]:
    """Return hosts, good and bad, the same ones every time."""
    dice = random.Random(7)  # noqa: S311  # test data
    parts = ["www", "example", "com", "org", ".", ".", "a", "-", "x", "_", ":", "80", "[", "]", "::1", "@", "127.0.0.2"]
    known = ["www.example.com", "example.org", "a.example.org", "[::1]", "127.0.0.2", "localhost", "evil.example"]
    made = ["".join(dice.choices(parts, k=dice.randint(1, 6))) for _ in range(300)]
    for name in known:
        for prefix in ("", "x", "x.", ".", "é", "user@"):
            for suffix in ("", ".", "..", ":80", ":", ":8x", ".:1", ".evil", "/", ":80:80", "\xff", "]"):
                made.append(prefix + name.upper() if dice.random() < 0.3 else prefix + name + suffix)
    return sorted(set(made))


def test_the_same_hosts_are_answered_as_django_answers(strict: Server) -> None:
    hosts = generated()
    outcomes = []
    with_one_connection: Wire | None = None
    for host in hosts:
        if with_one_connection is None:
            with_one_connection = strict.connect()
        answer = with_one_connection.send(
            b"GET /hello HTTP/1.1\r\nHost: " + host.encode("latin-1") + b"\r\n\r\n"
        ).answer()
        if (answer.header("connection") or "").lower() == "close":
            with_one_connection.close()
            with_one_connection = None
        domain, _ = split_domain_port(host)
        outcomes.append((host, answer.status == 200, bool(domain) and validate_host(domain, HOSTS)))
    assert [host for host, found, expected in outcomes if found != expected] == []
    assert 30 < sum(found for _, found, _ in outcomes) < len(hosts) - 30
    assert len(hosts) > 400


def test_a_refused_host_is_told_in_json_and_is_no_line_above_info(strict: Server) -> None:
    with strict.log_of() as written:
        response = strict.ask(b"GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert response is not None
    assert (response.status, response.header("content-type")) == (400, "application/json")
    assert "ALLOWED_HOSTS" in json.loads(response.body)["detail"]
    assert b"evil" not in response.body
    log = written()
    # The access log's lines begin with an address.
    assert log.count("LOG ") <= 1
    assert not any(word in log for word in ("WARNING", "ERROR", "Traceback"))


@pytest.mark.parametrize("path", ["/hello", "/nowhere", "/with-slash", "/method"])
def test_no_path_is_answered_for_a_foreign_host(strict: Server, path: str) -> None:
    response = strict.ask(request("DELETE", path, host="evil.example"))
    assert response is not None
    assert response.status == 400


def test_cve_2026_25479_a_dot_in_a_name_is_a_dot(strict: Server) -> None:
    assert status(strict, "www.example.com") == 200
    for host in (
        "wwwXexample.com",
        "wwwXexampleXcom",
        "evil-www.example.com",
        "evilwww.example.com",
        "www.example.com.evil.example",
        "www.example.comevil",
        "evilexample.org",
        "exampleXorg",
    ):
        assert status(strict, host) == 400, host


def test_pysec_2026_2603_without_a_host_nobody_elses_word_is_taken(strict: Server) -> None:
    for field in (b"", b"X-Forwarded-Host: www.example.com\r\n", b"Forwarded: host=www.example.com\r\n"):
        response = strict.ask(b"GET /hello HTTP/1.0\r\n" + field + b"\r\n")
        assert response is not None
        # 127.0.0.1, to which the client is connected, is none of the names.
        assert response.status == 400, field


def test_an_old_client_without_a_host_asks_for_the_address(server: Server) -> None:
    response = server.ask(b"GET /entrance/who HTTP/1.0\r\n\r\n")
    assert response is not None
    assert json.loads(response.body)["host"] == f"127.0.0.1:{server.port}"


def test_a_forwarded_host_from_who_is_not_trusted_is_not_there(strict: Server) -> None:
    forged = strict.ask(request("GET", "/entrance/who", "X-Forwarded-Host: www.example.com", host="evil.example"))
    assert forged is not None
    assert forged.status == 400
    response = strict.get("/entrance/who", "X-Forwarded-Host: www.example.com")
    assert json.loads(response.body)["host"] == "localhost"


def test_even_a_star_takes_no_nonsense(server: Server) -> None:
    assert status(server, "anything.example:1") == 200
    for host in ("", "under_score", "a b", "a/b", "user@host", "a,b", "\xff"):
        assert status(server, host) == 400, host


def test_a_target_with_a_host_has_to_agree_with_the_field(strict: Server) -> None:
    for target, expected in (
        ("http://localhost/hello", 200),
        ("http://LOCALHOST/hello", 200),
        ("http://www.example.com/hello", 400),
        ("http://evil.example/hello", 400),
        ("http://user@localhost/hello", 400),
    ):
        assert strict.get(target).status == expected, target
