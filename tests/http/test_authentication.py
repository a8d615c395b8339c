"""Who the server finds, by tokens and by keys, and where it looks for them. Forged tokens: `test_forged_tokens`."""

from __future__ import annotations

import jwt
import pytest
from django.test import override_settings

from django_bolt import BoltAPI, Request
from django_bolt.auth import (
    AllowAny,
    APIKeyAuthentication,
    HasAnyPermission,
    HasPermission,
    HasRole,
    IsAuthenticated,
    IsStaff,
    JWTAuthentication,
)
from django_bolt.testing import TestClient
from tests.http.tokens import SECRET, bearer, claims, rsa_key

JWT = JWTAuthentication(secret=SECRET)
KEYS = APIKeyAuthentication(api_keys={"billing": "key-of-billing", "shipping": "key-of-shipping"})


def serving(*auth, guards=(), **options):
    api = BoltAPI()

    @api.get("/", auth=list(auth), guards=list(guards), **options)
    async def root(request: Request):
        found = request._raw.identity
        return {"found": None if found is None else [found[0], found[1], found[3]]}

    return api


def token(secret=SECRET, algorithm="HS256", **more):
    return jwt.encode(claims(**more), secret, algorithm=algorithm)


def ask(api, **headers):
    with TestClient(api) as client:
        return client.get("/", headers={name.replace("_", "-"): value for name, value in headers.items()})


def found(api, **headers):
    answer = ask(api, **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["found"]


@pytest.mark.parametrize("guards", [(), (IsAuthenticated(),), (AllowAny(),)])
def test_who_is_found_is_the_same_with_a_guard_and_without(guards):
    api = serving(JWT, KEYS, guards=guards)
    assert found(api, Authorization=f"Bearer {token()}") == [0, "7", False]
    assert found(api, X_API_Key="key-of-billing") == [1, None, False]
    assert found(api, Authorization="Bearer x.y.z", X_API_Key="key-of-billing") == [1, None, False]
    # The first that knows the client counts.
    assert found(api, Authorization=f"Bearer {token()}", X_API_Key="key-of-billing") == [0, "7", False]


def test_nobody_is_refused_without_a_guard():
    assert found(serving(JWT, KEYS), Authorization="Bearer x.y.z", X_API_Key="wrong") is None
    assert found(serving()) is None


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR  "])
def test_the_scheme_has_no_case(scheme):
    assert found(serving(JWT), Authorization=f"{scheme} {token()}") == [0, "7", False]


def test_a_field_of_ones_own_needs_no_scheme():
    api = serving(JWTAuthentication(secret=SECRET, header="X-Token"))
    assert found(api, X_Token=token()) == [0, "7", False]
    assert found(api, X_Token=f"Bearer {token()}") == [0, "7", False]
    assert found(api, Authorization=f"Bearer {token()}") is None


def test_a_cookie_and_the_field():
    api = serving(JWTAuthentication(secret=SECRET, cookie="access"))
    assert found(api, Cookie=f"a=b; access={token()}; c=d") == [0, "7", True]
    # As everywhere, the last of a name counts.
    assert found(api, Cookie=f"access=x; access={token()}") == [0, "7", True]
    assert found(api, Cookie=f"access={token()}; access=x") is None
    # The field counts where it holds a bearer's credentials at all.
    assert found(api, Authorization=f"Bearer {token(sub='8')}", Cookie=f"access={token()}") == [0, "8", False]
    assert found(api, Authorization="Bearer wrong", Cookie=f"access={token()}") is None
    assert found(api, Authorization="Bearer", Cookie=f"access={token()}") is None
    assert found(api, Authorization="Basic YTpi", Cookie=f"access={token()}") == [0, "7", True]
    assert found(serving(JWT), Cookie=f"access={token()}") is None


def test_a_cookie_alone():
    api = serving(JWTAuthentication(secret=SECRET, header=None, cookie="access"))
    assert found(api, Cookie=f"access={token()}") == [0, "7", True]
    assert found(api, Authorization=f"Bearer {token()}") is None


def test_keys_from_a_list_are_known_by_their_place():
    api = BoltAPI()

    @api.get("/", auth=[APIKeyAuthentication(api_keys=["one", "two"], header="X-Key")], guards=[IsAuthenticated()])
    async def root(request: Request):
        return {"claims": request._raw.identity[2].decode()}

    with TestClient(api) as client:
        assert client.get("/", headers={"X-Key": "two"}).json() == {"claims": '{"api_key": "1"}'}


@pytest.mark.parametrize(
    "key", ["", "key-of-billin", "key-of-billings", "KEY-OF-BILLING", "billing", "key-of-billing,", "é"]
)
def test_wrong_keys(key):
    answer = ask(serving(KEYS, guards=[IsAuthenticated()]), X_API_Key=key.encode())
    assert (answer.status_code, answer.json()) == (401, {"detail": "Unauthorized"})
    assert answer.headers["www-authenticate"] == "ApiKey"


def test_a_key_sent_twice_is_none():
    with TestClient(serving(KEYS, guards=[IsAuthenticated()])) as client:
        field = ("X-API-Key", "key-of-billing")
        assert client.get("/", headers=[field]).status_code == 200
        assert client.get("/", headers=[field, field]).status_code == 401


def test_keys_of_the_settings():
    api = serving(APIKeyAuthentication(), guards=[IsAuthenticated()])
    assert ask(api, X_API_Key="").status_code == 401
    with override_settings(BOLT={"API_KEYS": ["from-the-settings"]}):
        assert ask(api, X_API_Key="from-the-settings").status_code == 200
        assert ask(api, X_API_Key="another").status_code == 401


def test_what_a_key_may():
    backend = APIKeyAuthentication(api_keys=["reads", "nothing"], key_permissions={"reads": ["shop.view_order"]})
    api = serving(backend, guards=[HasPermission("shop.view_order")])
    assert ask(api, X_API_Key="reads").status_code == 200
    assert ask(api, X_API_Key="nothing").status_code == 403
    assert ask(api, X_API_Key="x").status_code == 401


@pytest.mark.parametrize(
    ("guard", "given", "status"),
    [
        (IsStaff(), {"is_staff": True}, 200),
        (IsStaff(), {"is_staff": False}, 403),
        (IsStaff(), {"is_staff": "true"}, 403),
        (HasPermission("a.b"), {"permissions": ["a.b"]}, 200),
        (HasPermission("a.b"), {"permissions": "a.b"}, 403),
        (HasAnyPermission("a.b", "c.d"), {"permissions": ["c.d"]}, 200),
        (HasRole("admin"), {"roles": ["admin"]}, 200),
        (HasRole("admin"), {"roles": ["Admin"]}, 403),
    ],
)
def test_claims_decide_without_python(guard, given, status):
    answer = ask(serving(JWT, guards=[guard]), Authorization=f"Bearer {token(**given)}")
    assert answer.status_code == status
    if status == 403:
        assert answer.json() == {"detail": "Forbidden"}


def test_the_challenge_names_what_would_do():
    for auth, challenge in [((JWT,), "Bearer"), ((KEYS,), "ApiKey"), ((KEYS, JWT), "ApiKey, Bearer")]:
        answer = ask(serving(*auth, guards=[IsAuthenticated()]))
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)


def test_settings_are_the_default():
    api = serving(JWTAuthentication(), guards=[IsAuthenticated()])
    with override_settings(SECRET_KEY=SECRET):
        assert ask(api, **bearer(token())).status_code == 200
        with override_settings(SECRET_KEY="a new one", SECRET_KEY_FALLBACKS=[SECRET]):
            assert ask(api, **bearer(token())).status_code == 200
    with override_settings(JWT_SECRET_KEY=SECRET, JWT_ALGORITHM="HS512", SECRET_KEY="y" * 64):
        assert ask(api, **bearer(token(algorithm="HS512"))).status_code == 200
        assert ask(api, **bearer(token())).status_code == 401
        assert ask(api, **bearer(token(secret="y" * 64, algorithm="HS512"))).status_code == 401
    with override_settings(JWT_SECRET_KEY=rsa_key().public, JWT_ALGORITHM="RS256"):
        assert ask(api, **bearer(token(secret=rsa_key().private, algorithm="RS256"))).status_code == 200


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_short_secret_is_taken():
    api = serving(JWTAuthentication(secret="your-secret-key"), guards=[IsAuthenticated()])
    assert ask(api, **bearer(token(secret="your-secret-key"))).status_code == 200


def test_without_any_secret_nobody_passes():
    with override_settings(SECRET_KEY=""):
        assert ask(serving(JWTAuthentication(), guards=[IsAuthenticated()]), **bearer(token())).status_code == 401


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"secret": rsa_key().private}, "private key"),
        ({"secret": rsa_key().public, "algorithms": ["HS256"]}, "HS256 with an RSA key"),
        ({"secret": rsa_key().public, "algorithms": ["RS256", "ES256"]}, "ES256 with an RSA key"),
        ({"secret": SECRET, "algorithms": ["RS256"]}, "RS256 with a shared secret"),
        ({"secret": "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----"}, "PEM"),
        ({"secret": "ssh-ed25519 AAAA"}, "public key"),
    ],
)
def test_a_key_that_cannot_be_used_stops_the_start(options, sentence):
    with pytest.raises(ValueError, match=sentence) as raised:
        TestClient(serving(JWTAuthentication(**options)))
    assert str(options["secret"])[40:80] not in str(raised.value) or len(str(options["secret"])) < 60


def test_a_secret_is_not_shown():
    assert SECRET not in repr(JWT)
    assert "key-of-billing" not in repr(KEYS)
