"""Keys that an issuer publishes: found by their names, fetched again when they change, kept while it is down."""

from __future__ import annotations

import json
import logging
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey

from django_bolt import BoltAPI
from django_bolt._runtime import key_refresh
from django_bolt.auth import IsAuthenticated, JWTAuthentication, jwks
from django_bolt.testing import AsyncTestClient, TestClient
from tests.http.tokens import SECRET, bearer, ec_key, ed_key, rsa_key
from tests.issuer import Issuer, public, signed


@pytest.fixture
def issuer():
    with Issuer() as issuer:
        yield issuer


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(key_refresh, "MISSING_PAUSE", 0.05)
    monkeypatch.setattr(key_refresh, "RETRY", (0.05, 0.1))


def serving(**options):
    api = BoltAPI()

    @api.get("/", auth=[JWTAuthentication(**options)], guards=[IsAuthenticated()])
    async def root() -> dict[str, bool]:
        return {"passed": True}

    return api


def status(client, token):
    return client.get("/", headers=bearer(token)).status_code


def eventually(client, token, expected):
    end = time.monotonic() + 20
    while (found := status(client, token)) != expected and time.monotonic() < end:
        time.sleep(0.02)
    assert found == expected


ONE, TWO = rsa_key("one"), rsa_key("two")


def test_keys_are_found_by_their_names(issuer):
    issuer.publish(
        public(ONE, "one"),
        public(TWO, "two", alg="RS512"),
        public(ec_key(), "ec", ECKey),
        public(ed_key(), "ed", OKPKey),
    )
    with TestClient(serving(jwks_url=f"{issuer.url}/jwks.json")) as client:
        for pair, kid, algorithm in [
            (ONE, "one", "RS256"),
            (ONE, "one", "PS384"),
            (TWO, "two", "RS512"),
            (ec_key(), "ec", "ES256"),
            (ed_key(), "ed", "EdDSA"),
            # The only key for its algorithm needs no name.
            (ec_key(), None, "ES256"),
        ]:
            assert status(client, signed(pair, kid, algorithm)) == 200, (kid, algorithm)
        for pair, kid, algorithm in [
            (ONE, "two", "RS256"),
            (TWO, "one", "RS256"),
            (TWO, "two", "RS256"),
            (ONE, "ec", "RS256"),
            (ONE, None, "RS512"),
            (ONE, "ONE", "RS256"),
            (ONE, "", "RS256"),
        ]:
            assert status(client, signed(pair, kid, algorithm)) == 401, (kid, algorithm)


def test_the_algorithm_is_the_keys(issuer):
    issuer.publish(public(ONE, "one"), public(ec_key(), "ec", ECKey))
    with TestClient(serving(jwks_url=f"{issuer.url}/jwks.json", algorithms=["RS256"])) as client:
        assert status(client, signed(ONE, "one")) == 200
        assert status(client, signed(ONE, "one", "RS384")) == 401
        assert status(client, signed(ec_key(), "ec", "ES256")) == 401


def test_what_is_no_signing_key_is_left_out(issuer):
    secret = OctKey.import_key(SECRET).as_dict()
    issuer.publish(
        {"kty": "new", "kid": "new"},
        "no key",
        {**secret, "kid": "oct"},
        public(ONE, "enc", use="enc"),
        public(ONE, "wrap", key_ops=["wrapKey"]),
        public(ONE, "sig", use="sig"),
        public(TWO, "two", alg="HS256"),
        public(TWO, "named", alg="RSA-OAEP"),
    )
    with TestClient(serving(jwks_url=f"{issuer.url}/jwks.json")) as client:
        assert status(client, signed(ONE, "sig")) == 200
        for kid in ("enc", "wrap"):
            assert status(client, signed(ONE, kid)) == 401
        for kid in ("two", "named"):
            assert status(client, signed(TWO, kid)) == 401
        for kid, key in [("oct", SECRET), ("two", TWO.public), ("sig", "x")]:
            forged = jwt.api_jws.PyJWS().encode(b"{}", "x" * 64, algorithm="HS256", headers={"kid": kid})
            assert status(client, forged) == 401
            assert key


def test_new_keys_are_fetched_when_a_token_names_one(issuer):
    issuer.publish(public(ONE, "one"))
    with TestClient(serving(jwks_url=f"{issuer.url}/jwks.json")) as client:
        old = signed(ONE, "one")
        assert status(client, old) == 200
        issuer.publish(public(TWO, "two"))
        eventually(client, signed(TWO, "two"), 200)
        # What the issuer took back is no longer good, though it was seen before.
        assert status(client, old) == 401


def test_clients_cannot_make_it_ask_all_the_time(issuer, monkeypatch):
    monkeypatch.setattr(key_refresh, "MISSING_PAUSE", 3600.0)
    issuer.publish(public(ONE, "one"))
    with TestClient(serving(jwks_url=f"{issuer.url}/jwks.json")) as client:
        for number in range(100):
            assert status(client, signed(ONE, f"unknown-{number}")) == 401
        assert status(client, signed(ONE, "one")) == 200
    assert len(issuer.asked) == 1


def test_keys_are_fetched_again_after_a_while(issuer, monkeypatch):
    monkeypatch.setattr(key_refresh, "MISSING_PAUSE", 3600.0)
    issuer.publish(public(ONE, "one"))
    with TestClient(serving(jwks_url=f"{issuer.url}/jwks.json", jwks_refresh_interval=1)) as client:
        token = signed(ONE, "one")
        assert status(client, token) == 200
        issuer.publish(public(TWO, "two"))
        eventually(client, token, 401)
        assert status(client, signed(TWO, "two")) == 200


RUBBISH = {
    "down": (503, b"", {}),
    "html": (200, b"<html>", {}),
    "empty": (200, b"", {}),
    "no keys": (200, b'{"keys": []}', {}),
    "other keys": (200, b'{"keys": [{"kty": "new"}]}', {}),
    "an array": (200, b"[]", {}),
    "endless": (200, b" " * (jwks.MOST + 1), {}),
    "elsewhere": (302, b"", {"Location": "file:///etc/passwd"}),
    "in circles": (302, b"", {"Location": "/jwks.json"}),
    "gone": (404, b"", {}),
}


@pytest.mark.parametrize("kind", RUBBISH)
def test_a_bad_answer_takes_no_keys_away(issuer, kind, caplog):
    issuer.publish(public(ONE, "one"))
    with TestClient(serving(jwks_url=f"{issuer.url}/jwks.json?key=hidden")) as client:
        # The query is part of the path that is asked for.
        assert status(client, signed(ONE, "one")) == 401
    caplog.clear()
    with TestClient(serving(jwks_url=f"{issuer.url}/jwks.json")) as client:
        assert status(client, signed(ONE, "one")) == 200
        code, body, headers = RUBBISH[kind]
        issuer.answer(code, body, **headers)
        before = len(issuer.asked)
        assert status(client, signed(TWO, "two")) == 401
        # It tries again and again, and says so once; going in circles is asking as well, and no failure yet.
        end = time.monotonic() + 20
        while (len(issuer.asked) < before + 3 or not caplog.records) and time.monotonic() < end:
            time.sleep(0.02)
        assert status(client, signed(ONE, "one")) == 200
        issuer.publish(public(TWO, "two"))
        eventually(client, signed(TWO, "two"), 200)
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.name for record in warnings] == ["django_bolt.auth"]
    assert "the ones known stay" in warnings[0].getMessage()


def test_a_query_is_not_logged(issuer, caplog):
    with TestClient(serving(jwks_url=f"{issuer.url}/jwks.json?key=hidden")) as client:
        assert status(client, signed(ONE, "one")) == 401
    assert "404" in caplog.text
    assert "hidden" not in caplog.text


def test_an_issuer_that_is_down_at_the_start(issuer):
    with TestClient(serving(jwks_url=f"{issuer.url}/jwks.json")) as client:
        assert status(client, signed(ONE, "one")) == 401
        issuer.publish(public(ONE, "one"))
        eventually(client, signed(ONE, "one"), 200)


def discovery(issuer, wrong=()):
    document = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys", **dict(wrong)}
    issuer.answer(200, json.dumps(document).encode(), path="/.well-known/openid-configuration")


def test_an_openid_issuer_says_where_its_keys_are(issuer):
    discovery(issuer)
    issuer.publish(public(ONE, "one"), path="/keys")
    with TestClient(serving(oidc_issuer=issuer.url)) as client:
        assert status(client, signed(ONE, "one", iss=issuer.url)) == 200
        assert status(client, signed(ONE, "one")) == 401
        assert status(client, signed(ONE, "one", iss="https://other.example")) == 401


@pytest.mark.parametrize(
    "wrong",
    [{"issuer": "https://other.example"}, {"jwks_uri": "file:///etc/passwd"}, {"jwks_uri": None}, {"issuer": 1}],
)
def test_an_openid_issuer_that_is_another(issuer, wrong, caplog):
    discovery(issuer, wrong)
    issuer.publish(public(ONE, "one"), path="/keys")
    with TestClient(serving(oidc_issuer=issuer.url)) as client:
        assert status(client, signed(ONE, "one", iss=issuer.url)) == 401
    assert "/keys" not in issuer.asked
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1


def test_two_routes_of_one_issuer_ask_it_once(issuer):
    issuer.publish(public(ONE, "one"))
    api = BoltAPI()
    for path in ("/a", "/b"):

        @api.get(path, auth=[JWTAuthentication(jwks_url=f"{issuer.url}/jwks.json")], guards=[IsAuthenticated()])
        async def handler() -> None: ...

    with TestClient(api) as client:
        for path in ("/a", "/b"):
            assert client.get(path, headers=bearer(signed(ONE, "one"))).is_success
    assert len(issuer.asked) == 1


async def test_the_asynchronous_client_fetches_them_too(issuer):
    issuer.publish(public(ONE, "one"))
    async with AsyncTestClient(serving(jwks_url=f"{issuer.url}/jwks.json")) as client:
        assert (await client.get("/", headers=bearer(signed(ONE, "one")))).status_code == 200


def test_a_slow_answer_is_not_waited_for(issuer, monkeypatch):
    monkeypatch.setattr(jwks, "TIMEOUT", 0.2)
    started = threading.Event()
    held = threading.Event()

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            started.set()
            while not held.wait(0.02):
                try:
                    self.wfile.write(b" ")
                except OSError:
                    return

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with pytest.raises(jwks.KeysUnavailable, match="longer than"):
            jwks.fetch(f"http://127.0.0.1:{server.server_port}/")
        assert started.is_set()
    finally:
        held.set()
        server.shutdown()
        server.server_close()
        thread.join()
