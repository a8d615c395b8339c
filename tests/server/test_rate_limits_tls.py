"""A store of rate limits over TLS: a real Redis with a certificate, and with one that nobody should believe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme

from scripts.redis_server import PEM, Redis
from tests.postgres import require
from tests.server.harness import Server, eventually
from tests.server.test_rate_limits import statuses, with_bolt

MakeServer = Callable[..., Server]


class Encrypted(NamedTuple):
    """A Redis with a certificate, and files for its clients."""

    server: Redis
    authority: Path
    stranger: Path
    """Another authority."""
    client: Path
    """A certificate that it takes, and its key."""


def pem_files(directory: Path, **blobs: list[trustme.Blob]) -> Iterator[Path]:
    for name, parts in blobs.items():
        path = directory / f"{name}.pem"
        path.write_bytes(b"".join(part.bytes() for part in parts))
        yield path


@pytest.fixture(params=[False, True], ids=["anybody", "with-a-certificate"])
def encrypted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Encrypted]:
    require(Redis)
    authority, stranger = trustme.CA(), trustme.CA()
    issued, client = authority.issue_cert("localhost"), authority.issue_cert("a-client")
    pem = PEM(
        certificate=b"".join(part.bytes() for part in issued.cert_chain_pems),
        key=issued.private_key_pem.bytes(),
        authority=authority.cert_pem.bytes(),
    )
    files = pem_files(
        tmp_path,
        authority=[authority.cert_pem],
        stranger=[stranger.cert_pem],
        client=[client.private_key_pem, *client.cert_chain_pems],
    )
    with Redis(tls=pem, ask_clients=request.param) as server:
        yield Encrypted(server, *files)


def test_a_store_over_tls(make_server: MakeServer, encrypted: Encrypted) -> None:
    redis = encrypted.server
    proof = {"ssl_certfile": encrypted.client} if redis.ask_clients else {}
    url = redis.tls_url(host="localhost", ssl_ca_certs=encrypted.authority, **proof)
    with make_server("127.0.0.1:0", "--processes", "2", **with_bolt(RATE_LIMIT_STORE=url)) as server:
        assert statuses(server, "/limited/ten", 12) == {200: 10, 429: 2}
        assert redis.ask("DBSIZE") == ":1"
        redis.shut_down()
        eventually(lambda: statuses(server, "/limited/hundred", 4) == {200: 4} and "does not answer" in server.log())
        redis.start_again()
        eventually(lambda: server.get("/limited/hundred").status and "answers again" in server.log())
        assert redis.ask("DBSIZE") == ":1"


@pytest.mark.parametrize(
    ("host", "options", "reason"),
    [
        ("localhost", ("ssl_ca_certs", "stranger"), "UnknownIssuer"),
        # Whom the system trusts knows nothing of it.
        ("localhost", (), "UnknownIssuer"),
        # It proves to be localhost alone.
        ("127.0.0.1", ("ssl_ca_certs", "authority"), "not valid for name"),
    ],
)
@pytest.mark.parametrize("encrypted", [False], indirect=True)
def test_a_store_that_proves_to_be_somebody_else_is_not_asked(
    make_server: MakeServer, encrypted: Encrypted, host: str, options: tuple[str, ...], reason: str
) -> None:
    named = {options[0]: getattr(encrypted, options[1])} if options else {}
    url = encrypted.server.tls_url(host=host, **named)
    with make_server("127.0.0.1:0", **with_bolt(RATE_LIMIT_STORE=url)) as server:
        assert statuses(server, "/limited/ten", 12) == {200: 10, 429: 2}
        (line,) = [line for line in server.log().splitlines() if "RATE_LIMIT_STORE" in line]
        assert reason in line
        assert encrypted.server.ask("DBSIZE") == ":0"


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("rediss://:secret@localhost#insecure", "a '#'"),
        ("rediss://:secret@localhost?ssl_cert_reqs=none", "a certificate is always checked"),
        ("rediss://:secret@localhost?ssl_ca_certs=/no/such.pem", "ssl_ca_certs=/no/such.pem, which cannot be used"),
        (f"rediss://:secret@localhost?ssl_ca_certs={__file__}", "no certificate in PEM"),
        (f"rediss://:secret@localhost?ssl_certfile={__file__}", "ssl_keyfile="),
    ],
)
def test_tls_that_cannot_be_kept_is_refused_at_start(make_server: MakeServer, address: str, found: str) -> None:
    refused = make_server(**with_bolt(RATE_LIMIT_STORE=address)).manage("runbolt", "127.0.0.1:0")
    assert refused.returncode == 1
    assert 'BOLT["RATE_LIMIT_STORE"]: expected redis://' in refused.stderr
    assert found in refused.stderr
    assert "secret" not in refused.stderr
