"""Tokens as PyJWT and joserfc make them, and as they can be made to forge them, through the whole server."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import warnings
import zlib

import jwt
import pytest
from joserfc import jwe, jws
from joserfc import jwt as joserfc_jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import OctKey, RSAKey

from django_bolt import BoltAPI
from django_bolt.auth import IsAuthenticated, JWTAuthentication
from django_bolt.testing import TestClient
from tests.http.tokens import SECRET, KeyPair, b64, bearer, claims, ec_key, ed_key, now, rsa_key

REFUSED = b'{"detail":"Unauthorized"}'
AUDIENCE, ISSUER = "https://api.example.com", "https://id.example.com"
LEEWAY = 3600


@pytest.fixture(scope="module")
def client():
    """Routes that differ in what they take; each answers who was found."""
    api = BoltAPI()
    backends = {
        "hs": JWTAuthentication(secret=SECRET, algorithms=["HS256"]),
        "hs-all": JWTAuthentication(secret=SECRET, algorithms=["HS256", "HS384", "HS512"]),
        "rs": JWTAuthentication(secret=rsa_key().public),
        "rsa-all": JWTAuthentication(
            secret=rsa_key().public, algorithms=["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
        ),
        "es256": JWTAuthentication(secret=ec_key().public),
        "es384": JWTAuthentication(secret=ec_key("P-384").public),
        "eddsa": JWTAuthentication(secret=ed_key().public.encode()),
        "strict": JWTAuthentication(secret=SECRET, audience=[AUDIENCE, "other"], issuer=ISSUER, leeway=LEEWAY),
    }
    for name, backend in backends.items():

        @api.get(f"/{name}", auth=[backend], guards=[IsAuthenticated()])
        async def who() -> dict[str, bool]:
            return {"passed": True}

    with TestClient(api) as client:
        yield client


def pyjwt(payload, *, key=SECRET, algorithm="HS256", headers=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return jwt.encode(payload, key, algorithm=algorithm, headers=headers)


def raw(header, payload, *, key=SECRET, digest="sha256"):
    """Sign whatever is given: what a library would not let through."""
    message = (
        f"{header if isinstance(header, str) else b64(header)}.{payload if isinstance(payload, str) else b64(payload)}"
    )
    signature = hmac.new(key if isinstance(key, bytes) else key.encode(), message.encode(), digest).digest()
    return f"{message}.{b64(signature)}"


HS256 = {"alg": "HS256", "typ": "JWT"}


def good():
    """Yield a name, a route and a token that passes it."""
    pairs: list[tuple[str, str, KeyPair | str]] = [
        *((f"HS{size}", "hs-all", SECRET) for size in (256, 384, 512)),
        *((f"{kind}{size}", "rsa-all", rsa_key()) for kind in ("RS", "PS") for size in (256, 384, 512)),
        ("RS256", "rs", rsa_key()),
        ("ES256", "es256", ec_key()),
        ("ES384", "es384", ec_key("P-384")),
        ("EdDSA", "eddsa", ed_key()),
    ]
    for algorithm, route, key in pairs:
        private = key if isinstance(key, str) else key.private
        yield f"{algorithm} on {route}", route, pyjwt(claims(), key=private, algorithm=algorithm)
    strict = {"aud": AUDIENCE, "iss": ISSUER}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        yield "joserfc", "hs", joserfc_jwt.encode({"alg": "HS256"}, claims(), OctKey.import_key(SECRET))
    yield "joserfc RSA", "rs", joserfc_jwt.encode({"alg": "RS256"}, claims(), RSAKey.import_key(rsa_key().private))
    yield "kid is only a name", "hs", pyjwt(claims(), headers={"kid": "../../../etc/passwd"})
    yield "at+jwt", "hs", pyjwt(claims(), headers={"typ": "at+jwt"})
    yield "floats for dates", "hs", pyjwt(claims(exp=now() + 600.5, iat=now() - 0.5))
    yield "a number for sub", "hs", raw(HS256, claims(sub=7))
    yield "no sub", "hs", raw(HS256, claims(sub=None))
    yield "aud among several", "strict", pyjwt(claims(**strict, nbf=now()) | {"aud": ["x", AUDIENCE]})
    yield "the other aud", "strict", pyjwt(claims(iss=ISSUER, aud="other"))
    yield "expired within the leeway", "strict", pyjwt(claims(**strict, exp=now() - LEEWAY // 2))
    yield "early within the leeway", "strict", pyjwt(claims(**strict, nbf=now() + LEEWAY // 2))
    yield "15 KB", "hs", pyjwt(claims(padding="x" * 11_000))


def unsigned():
    for algorithm in ("none", "None", "NONE", "nOnE"):
        header = {"alg": algorithm, "typ": "JWT"}
        yield f"alg {algorithm} without a signature", "hs", f"{b64(header)}.{b64(claims())}."
        yield f"alg {algorithm} with one", "hs", raw(header, claims())
    yield "alg none by PyJWT", "hs", jwt.encode(claims(), None, algorithm="none")
    yield "alg none against RSA", "rs", jwt.encode(claims(), None, algorithm="none")
    message = f"{b64(HS256)}.{b64(claims())}"
    yield "empty signature", "hs", f"{message}."
    yield "no signature", "hs", message
    yield "signature of nulls", "hs", f"{message}.{b64(bytes(32))}"
    yield "signature of another length", "hs", f"{message}.{b64(bytes(1))}"
    yield "empty RSA signature", "rs", f"{b64({'alg': 'RS256'})}.{b64(claims())}."
    yield "CVE-2022-21449, null ECDSA signature", "es256", f"{b64({'alg': 'ES256'})}.{b64(claims())}.{b64(bytes(64))}"
    yield "null EdDSA signature", "eddsa", f"{b64({'alg': 'EdDSA'})}.{b64(claims())}.{b64(bytes(64))}"
    yield "another secret", "hs", raw(HS256, claims(), key="guessed")
    yield "no secret", "hs", raw(HS256, claims(), key=b"")
    whole = pyjwt(claims())
    header, payload, signature = whole.split(".")
    yield "payload swapped", "hs", f"{header}.{b64(claims(sub='1'))}.{signature}"
    yield "signature without its end", "hs", whole[:-1]


def confused():
    """Algorithms that are not the key's."""
    pem = rsa_key().public
    shapes = {
        "as it is": pem,
        "stripped": pem.strip(),
        "with CRLF": pem.replace("\n", "\r\n"),
        "without its armour": "".join(pem.splitlines()[1:-1]),
    }
    for shape, key in shapes.items():
        for route in ("rs", "rsa-all"):
            yield f"HS256 signed with the RSA public key {shape} on {route}", route, raw(HS256, claims(), key=key)
    yield "HS384 with it", "rsa-all", raw({"alg": "HS384"}, claims(), key=pem, digest="sha384")
    yield "HS256 with the EC public key", "es256", raw(HS256, claims(), key=ec_key().public)
    yield "HS256 with the Ed25519 public key", "eddsa", raw(HS256, claims(), key=ed_key().public)
    yield "header says RS256, HMAC over it", "rs", raw({"alg": "RS256"}, claims(), key=pem)
    yield "RS256 against a secret", "hs", pyjwt(claims(), key=rsa_key().private, algorithm="RS256")
    yield "HS512 where HS256 is named", "hs", pyjwt(claims(), algorithm="HS512")
    yield "PS256 where RS256 is meant", "rs", pyjwt(claims(), key=rsa_key().private, algorithm="PS256")
    yield "another RSA key", "rs", pyjwt(claims(), key=rsa_key("other").private, algorithm="RS256")
    yield "ES256 against RSA", "rs", pyjwt(claims(), key=ec_key().private, algorithm="ES256")
    yield "ES384 against P-256", "es256", pyjwt(claims(), key=ec_key("P-384").private, algorithm="ES384")
    for algorithm in ("hs256", "HS256 ", "HMAC", "dir", "", 256, ["HS256"], None, {"HS256": 1}):
        yield f"alg {algorithm!r}", "hs", raw({"alg": algorithm}, claims())
    yield "no alg", "hs", raw({"typ": "JWT"}, claims())
    yield "alg twice", "hs", raw(b64('{"alg": "none", "alg": "HS256"}'), claims())


def led_astray():
    """Headers that name a key, or ask for something."""
    attacker = rsa_key("attacker")
    jwk = RSAKey.import_key(attacker.private).as_dict(private=False)
    for field, value in {
        "jwk": jwk,
        "jku": "http://127.0.0.1:1/jwks.json",
        "x5u": "http://127.0.0.1:1/cert.pem",
        "x5c": ["MIIB"],
        "kid": "attacker",
    }.items():
        token = pyjwt(claims(), key=attacker.private, algorithm="RS256", headers={field: value})
        yield f"own key by {field}", "rs", token
    for kid in ("../../../dev/null", "/dev/null", "' UNION SELECT 'x", "http://169.254.169.254/", "\x00", "|sleep 10"):
        yield f"kid {kid!r} with an empty key", "hs", raw({"alg": "HS256", "kid": kid}, claims(), key=b"")
        yield f"kid {kid!r} with a guessed key", "hs", raw({"alg": "HS256", "kid": kid}, claims(), key="x")
    yield "kid is a number", "hs", raw({"alg": "HS256", "kid": 1}, claims())
    for field, value in {
        "crit": ["exp"],
        "b64": False,
        "zip": "DEF",
        "enc": "A256GCM",
        "typ": "logout+jwt",
    }.items():
        yield f"{field} in the header", "hs", raw({**HS256, field: value}, claims())
    yield "unknown crit", "hs", raw({**HS256, "crit": ["x"], "x": 1}, claims())
    yield "crit empty", "hs", raw({**HS256, "crit": []}, claims())
    yield "payload compressed", "hs", raw({**HS256, "zip": "DEF"}, b64(zlib.compress(json.dumps(claims()).encode())))
    detached = jws.serialize_compact({"alg": "HS256"}, json.dumps(claims()), OctKey.import_key(SECRET)).split(".")
    yield "detached payload", "hs", f"{detached[0]}..{detached[2]}"


def badly_dated():
    wrong = [
        str(now() + 600),
        "",
        True,
        False,
        None,
        [now() + 600],
        {"at": now()},
        -1,
        -0.5,
        1e30,
        2**63,
        2**64,
        10**400,
    ]
    for value in wrong:
        name = type(value).__name__ if isinstance(value, str | list | dict) else str(value)[:20]
        for claim in ("exp", "nbf", "iat"):
            yield (
                f"CVE-2026-25537 {claim} {type(value).__name__} {name} {len(str(value))}",
                "hs",
                raw(HS256, {**claims(), claim: value}),
            )
    for text in ("NaN", "Infinity", "-Infinity", "1e999", "0x7fffffff", "01"):
        payload = json.dumps(claims(exp=None))[:-1] + f', "exp": {text}}}'
        yield f"exp {text}", "hs", raw(HS256, b64(payload))
    yield "no exp", "hs", pyjwt(claims(exp=None))
    yield "expired", "hs", pyjwt(claims(exp=now() - 1))
    yield "expires now", "hs", pyjwt(claims(exp=now()))
    yield "exp 0", "hs", pyjwt(claims(exp=0))
    yield "not yet", "hs", pyjwt(claims(nbf=now() + 60))
    yield "issued tomorrow", "hs", pyjwt(claims(iat=now() + 86_400))
    strict = {"aud": AUDIENCE, "iss": ISSUER}
    yield "expired past the leeway", "strict", pyjwt(claims(**strict, exp=now() - LEEWAY - 1))
    yield "early past the leeway", "strict", pyjwt(claims(**strict, nbf=now() + LEEWAY + 600))


def for_others():
    yield "no aud", "strict", pyjwt(claims(iss=ISSUER))
    yield "no iss", "strict", pyjwt(claims(aud=AUDIENCE))
    for audience in (
        "",
        "https://api.example.com/",
        AUDIENCE.upper(),
        [],
        ["x"],
        [AUDIENCE, 7],
        7,
        {AUDIENCE: 1},
        True,
    ):
        yield f"aud {audience!r}", "strict", raw(HS256, claims(iss=ISSUER) | {"aud": audience})
    for issuer in ("", f"{ISSUER}/", f"{ISSUER}.evil.example", [ISSUER], 7, None):
        yield f"iss {issuer!r}", "strict", raw(HS256, {**claims(aud=AUDIENCE), "iss": issuer})
    for claim, purpose in (("type", "refresh"), ("token_type", "refresh"), ("typ", "Refresh"), ("token_use", "id")):
        yield f"{claim} {purpose}", "hs", pyjwt(claims(**{claim: purpose}))
    for subject in ("", 7.5, True, None, ["7"], {"id": 7}):
        yield f"sub {subject!r}", "hs", raw(HS256, {**claims(), "sub": subject})


def broken():
    whole = pyjwt(claims())
    header, payload, signature = whole.split(".")
    for name, text in {
        "dots": "..",
        "one part": header,
        "four parts": f"{whole}.x",
        "five parts, as a JWE has": f"{whole}.x.y",
        "padded": f"{header}.{payload}=.{signature}",
        "standard alphabet": f"{header}.{payload}+/.{signature}",
        "space inside": f"{header}. {payload}.{signature}",
        "comma": f"{whole},{whole}",
        "two tokens": f"{whole} {whole}",
        "quoted": f'"{whole}"',
    }.items():
        yield name, "hs", text
    for name, text in {
        "an array": "[]",
        "a number": "7",
        "null": "null",
        "text": '"sub"',
        "empty": "",
        "cut": '{"sub": "7"',
        "more behind": json.dumps(claims()) + "{}",
        "exp twice": json.dumps(claims())[:-1] + f', "exp": {now() + 900}}}',
        "sub twice": json.dumps(claims())[:-1] + ', "sub": "1"}',
        "lone surrogate": json.dumps(claims())[:-1] + ', "a": "\\ud800"}',
        "deep": json.dumps(claims())[:-1] + ', "a": ' + "[" * 2000 + "]" * 2000 + "}",
        "byte order mark": "\ufeff" + json.dumps(claims()),
        "UTF-16": json.dumps(claims()).encode("utf-16"),
        "no UTF-8": json.dumps(claims())[:-1].encode() + b', "a": "\xff"}',
    }.items():
        yield f"payload: {name}", "hs", raw(HS256, b64(text))
    for name, text in {"an array": "[]", "null": "null", "empty": "", "no JSON": "{alg: HS256}"}.items():
        yield f"header: {name}", "hs", raw(b64(text), claims())
    yield (
        "a JWE",
        "hs",
        jwe.encrypt_compact(
            {"alg": "dir", "enc": "A128CBC-HS256", "zip": "DEF"}, json.dumps(claims()), OctKey.import_key(SECRET[:32])
        ),
    )
    yield "20 KB", "hs", pyjwt(claims(padding="x" * 15_000))
    wide = {ord(c): chr(ord(c) + 0xFEE0) for c in whole if c not in ".-_"}
    yield "wide letters", "hs", whole.translate(wide)


def cases(*kinds):
    """Return routes and tokens by name, made anew: they expire."""
    found = [case for kind in kinds for case in kind()]
    named = {name: (route, token) for name, route, token in found}
    assert len(named) == len(found), "a name twice"
    return named


FORGERIES = (unsigned, confused, led_astray, badly_dated, for_others, broken)


@pytest.fixture(scope="module")
def forged():
    return cases(*FORGERIES)


@pytest.fixture(scope="module")
def passing():
    return cases(good)


def ask(client, route, token):
    return client.get(f"/{route}", headers={"Authorization": b"Bearer " + token.encode()})


@pytest.mark.parametrize("name", cases(good))
def test_good_tokens_pass(client, passing, name):
    route, token = passing[name]
    # The second time it is known already.
    for _ in range(2):
        answer = ask(client, route, token)
        assert (answer.status_code, answer.json()) == (200, {"passed": True})


@pytest.mark.parametrize("name", cases(*FORGERIES))
def test_forged_tokens_are_refused_and_told_nothing(client, forged, name, caplog):
    route, token = forged[name]
    with caplog.at_level(logging.DEBUG):
        answer = ask(client, route, token)
    assert (answer.status_code, answer.content) == (401, REFUSED)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert [record for record in caplog.records if record.name.startswith("django")] == []


def test_a_megabyte_is_refused_before_anything_reads_it(client):
    answer = ask(client, "hs", pyjwt(claims(padding="x" * 1_000_000)))
    assert answer.status_code == 431


def test_a_token_that_was_good_expires(client):
    """What is remembered of a token is not that it is good for ever."""
    end = now() + 2
    token = pyjwt(claims(exp=end))
    assert ask(client, "hs", token).status_code == 200
    while now() < end:
        pass
    assert ask(client, "hs", token).status_code == 401


def test_nothing_passes_without_a_token(client):
    for headers in (
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic YTpi"},
        {"Cookie": f"Authorization={SECRET}"},
    ):
        answer = client.get("/hs", headers=headers)
        assert (answer.status_code, answer.content) == (401, REFUSED)


def test_a_field_that_repeats_is_no_credential(client):
    field = ("Authorization", bearer(pyjwt(claims()))["Authorization"])
    assert client.get("/hs", headers=[field]).status_code == 200
    assert client.get("/hs", headers=[field, field]).status_code == 401
    assert client.get("/hs", headers=[("Authorization", "Basic YTpi"), field]).status_code == 401


def test_pyjwt_and_the_server_agree_on_what_is_good(passing):
    for route, token in passing.values():
        if route == "hs":
            assert jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_sub": False})


def test_digests_of_the_standard_library_are_those_of_pyjwt():
    """The forger's own signing is right: a good claim signed by it passes (above), and equals PyJWT's."""
    header, payload, signature = pyjwt(claims()).split(".")
    made = hmac.new(SECRET.encode(), f"{header}.{payload}".encode(), hashlib.sha256).digest()
    assert b64(made) == signature
