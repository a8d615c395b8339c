"""Tokens for a user: what is in them, how they are renewed and how they end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured

from django_bolt.auth import (
    InvalidToken,
    TokenPair,
    check_revoked,
    create_jwt_for_user,
    create_token_pair,
    decode_refresh_token,
    revoke_all_for_user,
    revoke_family,
    revoke_token,
    rotate_refresh_token,
    signing,
    token_store,
)

pytestmark = pytest.mark.django_db(transaction=True)

OTHER = "another-secret-that-is-long-enough-for-every-check-" * 2


@pytest.fixture(autouse=True)
def _store(settings: Any) -> None:
    settings.BOLT = {"TOKEN_STORE": "memory"}


@pytest.fixture
def user() -> Any:
    return get_user_model().objects.create_user("ann", password="right", is_staff=True)


def claims_of(token: str, key: Any = None, algorithm: str = "HS256", **options: Any) -> dict[str, Any]:
    from django.conf import settings

    return jwt.decode(token, key or settings.SECRET_KEY, algorithms=[algorithm], **options)


def pem(key: Any) -> tuple[str, str]:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def test_an_access_token(user: Any) -> None:
    before = time.time()
    claims = claims_of(create_jwt_for_user(user))
    assert before <= claims["iat_us"] / 1e6 <= time.time()
    assert claims.pop("iat") == claims.pop("iat_us") // 1_000_000
    assert before + 3600 <= claims.pop("exp") <= time.time() + 3601
    assert len(claims.pop("jti")) >= 20
    assert claims == {"sub": str(user.pk), "type": "access", "is_staff": True, "is_superuser": False}


def test_the_settings(user: Any, settings: Any) -> None:
    settings.JWT_SECRET_KEY, settings.JWT_ALGORITHM, settings.JWT_EXPIRATION = OTHER, "HS512", 60
    token = create_jwt_for_user(user)
    assert jwt.get_unverified_header(token) == {"alg": "HS512", "typ": "JWT"}
    claims = claims_of(token, OTHER, "HS512")
    assert 59 < claims["exp"] - claims["iat"] < 62


def test_what_is_given_beats_the_settings(user: Any) -> None:
    token = create_jwt_for_user(
        user,
        secret=OTHER,
        algorithm="HS384",
        expires_in=timedelta(minutes=1),
        extra_claims={"permissions": ["shop.view_order"], "aud": "shop", "is_staff": False},
    )
    claims = claims_of(token, OTHER, "HS384", audience="shop")
    assert 59 < claims["exp"] - claims["iat"] < 62
    assert (claims["permissions"], claims["is_staff"]) == (["shop.view_order"], False)


def test_a_short_secret_is_a_systems_checks_business(user: Any) -> None:
    # Warnings are errors here.
    assert claims_of(create_jwt_for_user(user), None)["sub"]
    assert create_jwt_for_user(user, secret="your-secret-key")


@pytest.mark.parametrize("name", ["sub", "exp", "iat", "jti", "type", "fam"])
def test_claims_that_are_not_the_callers(user: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f"found {name} in extra_claims, expected claims other than"):
        create_jwt_for_user(user, extra_claims={name: "x"})


def test_a_user_that_is_not_saved() -> None:
    with pytest.raises(ValueError, match="found User without a primary key, expected a saved user"):
        create_jwt_for_user(get_user_model()(username="new"))


@pytest.mark.parametrize("algorithm", ["none", "HS1", "ES512", "hs256"])
def test_no_such_algorithm(user: Any, algorithm: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"found the algorithm '{algorithm}', expected one of HS256"):
        create_jwt_for_user(user, algorithm=algorithm)


@pytest.mark.parametrize(
    ("algorithm", "make"),
    [
        ("RS256", lambda: rsa.generate_private_key(65537, 2048)),
        ("EdDSA", ed25519.Ed25519PrivateKey.generate),
    ],
)
async def test_keys_in_pairs(user: Any, settings: Any, algorithm: str, make: Callable[[], Any]) -> None:
    private, public = pem(make())
    settings.JWT_ALGORITHM, settings.JWT_SECRET_KEY = algorithm, public
    with pytest.raises(ImproperlyConfigured, match=f"found the algorithm {algorithm} and no private key"):
        create_jwt_for_user(user)
    settings.JWT_PRIVATE_KEY = private
    assert claims_of(create_jwt_for_user(user), public, algorithm)["sub"] == str(user.pk)
    pair = await rotate_refresh_token(create_token_pair(user).refresh_token)
    assert claims_of(pair.access_token, public, algorithm)["type"] == "access"
    # The same, given instead of set.
    del settings.JWT_ALGORITHM, settings.JWT_SECRET_KEY, settings.JWT_PRIVATE_KEY
    pair = create_token_pair(user, secret=private, algorithm=algorithm)
    assert await rotate_refresh_token(pair.refresh_token, secret=private, public_key=public, algorithm=algorithm)


def test_a_key_of_the_wrong_kind(user: Any) -> None:
    _, public = pem(rsa.generate_private_key(65537, 2048))
    for algorithm, key in (("RS256", "a secret"), ("RS256", public), ("HS256", public), ("EdDSA", OTHER)):
        with pytest.raises(ImproperlyConfigured, match=f"found a key that cannot sign with {algorithm}") as caught:
            create_jwt_for_user(user, secret=key, algorithm=algorithm)
        assert key not in str(caught.value)


def test_without_cryptography(user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jwt.algorithms.has_crypto", False)
    signing.signer.cache_clear()
    with pytest.raises(ImproperlyConfigured, match=r'pip install "django-bolt\[crypto\]"'):
        create_jwt_for_user(user, algorithm="ES256", secret="x")


def test_a_pair(user: Any) -> None:
    pair = create_token_pair(user, extra_claims={"roles": ["cook"]})
    access, refresh = claims_of(pair.access_token), claims_of(pair.refresh_token)
    assert (access["type"], refresh["type"]) == ("access", "refresh")
    assert access["fam"] == refresh["fam"] != claims_of(create_token_pair(user).access_token)["fam"]
    assert access["jti"] != refresh["jti"]
    assert access["roles"] == ["cook"]
    assert not {"roles", "is_staff", "is_superuser"} & set(refresh)
    assert 7 * 86400 - 1 < refresh["exp"] - refresh["iat"] < 7 * 86400 + 2
    assert (pair.token_type, pair.expires_in) == ("Bearer", 3600)


def test_a_pair_is_not_shown(user: Any) -> None:
    assert repr(create_token_pair(user)) == "TokenPair(expires_in=3600)"


async def test_the_next_pair(user: Any) -> None:
    first = create_token_pair(user)
    second = await rotate_refresh_token(first.refresh_token, extra_claims=lambda user: {"name": user.username})
    claims = claims_of(second.access_token)
    assert claims["name"] == "ann"
    assert claims["fam"] == claims_of(first.access_token)["fam"]
    third = await rotate_refresh_token(second.refresh_token, extra_claims={"x": 1})
    assert claims_of(third.access_token)["x"] == 1
    for pair in (first, second, third):
        await check_revoked(claims_of(pair.access_token))


async def test_a_token_that_is_used_again_ends_its_family(user: Any) -> None:
    other = create_token_pair(user)
    first = create_token_pair(user)
    second = await rotate_refresh_token(first.refresh_token)
    with pytest.raises(InvalidToken):
        await rotate_refresh_token(first.refresh_token)
    with pytest.raises(InvalidToken):
        await rotate_refresh_token(second.refresh_token)
    for token in (first.access_token, second.access_token):
        with pytest.raises(InvalidToken):
            await check_revoked(claims_of(token))
    # Nobody else's, nor what the same user has elsewhere.
    assert await rotate_refresh_token(other.refresh_token)


async def test_of_several_uses_at_once_one_gets_a_pair_that_does_not_count(user: Any) -> None:
    first = create_token_pair(user)
    answers = await asyncio.gather(
        *(rotate_refresh_token(first.refresh_token) for _ in range(5)), return_exceptions=True
    )
    (pair,) = [answer for answer in answers if isinstance(answer, TokenPair)]
    assert all(isinstance(answer, InvalidToken) for answer in answers if answer is not pair)
    with pytest.raises(InvalidToken):
        await rotate_refresh_token(pair.refresh_token)
    with pytest.raises(InvalidToken):
        await check_revoked(claims_of(pair.access_token))


async def test_what_is_no_refresh_token(user: Any) -> None:
    own = claims_of(create_token_pair(user).refresh_token)
    from django.conf import settings

    def forged(key: str = settings.SECRET_KEY, algorithm: str = "HS256", **changed: Any) -> str:
        claims = {name: value for name, value in {**own, **changed}.items() if value is not None}
        return jwt.encode(claims, key, algorithm=algorithm)

    bad = [
        create_jwt_for_user(user),
        create_token_pair(user).access_token,
        create_token_pair(user, refresh_expires_in=-1).refresh_token,
        create_token_pair(user, secret=OTHER).refresh_token,
        forged(OTHER),
        jwt.encode(own, OTHER, algorithm="HS512"),
        forged("", "none"),
        forged(exp=None),
        forged(type=None),
        forged(jti=None),
        forged(jti=7),
        forged(fam=None),
        forged(sub=None),
        forged().rsplit(".", 1)[0] + ".",
        "",
        "a.b.c",
        "ü",
        "x" * 100_000,
    ]
    for token in bad:
        with pytest.raises(InvalidToken) as caught:
            await rotate_refresh_token(token)
        assert caught.value.detail == "Invalid or expired token"
        assert caught.value.headers == {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    assert await rotate_refresh_token(forged())


@pytest.mark.parametrize("payload", [b"[]", b"7", b"\xff", b'{"exp":', b'{"exp":"9999999999"}', b'{"exp":true}', b"{}"])
def test_what_is_signed_and_no_claims(payload: bytes) -> None:
    from django.conf import settings

    token = jwt.PyJWS().encode(payload, settings.SECRET_KEY, algorithm="HS256")
    with pytest.raises(InvalidToken):
        decode_refresh_token(token)


async def test_who_may_not_have_another(user: Any) -> None:
    user.is_active = False
    await user.asave()
    with pytest.raises(InvalidToken):
        await rotate_refresh_token(create_token_pair(user).refresh_token)
    user.is_active = True
    await user.asave()
    kept, gone = create_token_pair(user), create_token_pair(user)
    assert await rotate_refresh_token(kept.refresh_token)
    await user.adelete()
    user.pk = 987654
    with pytest.raises(InvalidToken):
        await rotate_refresh_token(gone.refresh_token)


async def test_another_password_ends_refresh_tokens(user: Any) -> None:
    pair = create_token_pair(user)
    user.set_password("another")
    await user.asave()
    with pytest.raises(InvalidToken):
        await rotate_refresh_token(pair.refresh_token)
    assert await rotate_refresh_token(create_token_pair(user).refresh_token)


async def test_a_key_that_was_replaced(user: Any, settings: Any) -> None:
    old = settings.SECRET_KEY
    pair = create_token_pair(user)
    other = create_token_pair(user)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OTHER, [old]
    renewed = await rotate_refresh_token(pair.refresh_token)
    assert claims_of(renewed.refresh_token, OTHER)
    settings.JWT_SECRET_KEY = OTHER
    with pytest.raises(InvalidToken):
        await rotate_refresh_token(other.refresh_token)


async def test_one_token(user: Any) -> None:
    pair = create_token_pair(user)
    await revoke_token(claims_of(pair.access_token))
    with pytest.raises(InvalidToken):
        await check_revoked(claims_of(pair.access_token))
    assert await rotate_refresh_token(pair.refresh_token)


async def test_a_login(user: Any) -> None:
    pair, lone = create_token_pair(user), create_jwt_for_user(user)
    await revoke_family(claims_of(pair.access_token))
    with pytest.raises(InvalidToken):
        await check_revoked(claims_of(pair.access_token))
    with pytest.raises(InvalidToken):
        await rotate_refresh_token(pair.refresh_token)
    await check_revoked(claims_of(lone))
    await revoke_family(claims_of(lone))
    with pytest.raises(InvalidToken):
        await check_revoked(claims_of(lone))


@pytest.mark.parametrize("as_id", [True, False])
async def test_all_of_a_users(user: Any, as_id: bool) -> None:
    pair, lone = create_token_pair(user), create_jwt_for_user(user)
    await revoke_all_for_user(user.pk if as_id else user)
    with pytest.raises(InvalidToken):
        await rotate_refresh_token(pair.refresh_token)
    with pytest.raises(InvalidToken):
        await check_revoked(claims_of(lone))
    await check_revoked(claims_of(create_jwt_for_user(user)))


async def test_a_revocation_meets_a_pair_that_is_being_made(user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a user's tokens are revoked after the old token was looked at and before the new pair is there."""
    pair = create_token_pair(user)
    store = token_store()
    assert store is not None
    looked = store.is_revoked

    async def looked_then_revoked(claims: Any) -> bool:
        found = await looked(claims)
        await revoke_all_for_user(user)
        return found

    monkeypatch.setattr(store, "is_revoked", looked_then_revoked)
    renewed = await rotate_refresh_token(pair.refresh_token)
    monkeypatch.undo()
    with pytest.raises(InvalidToken):
        await rotate_refresh_token(renewed.refresh_token)


async def test_without_a_store(user: Any, settings: Any) -> None:
    settings.BOLT = {}
    pair = create_token_pair(user)
    for pending in (
        rotate_refresh_token(pair.refresh_token),
        revoke_token({}),
        revoke_family({}),
        revoke_all_for_user(user),
        check_revoked({}),
    ):
        with pytest.raises(
            ImproperlyConfigured, match='found no TOKEN_STORE, expected "memory", "cache" or "database"'
        ):
            await pending


def test_a_server_that_signs_nothing_does_not_load_what_signs() -> None:
    code = "import sys, django_bolt.auth; print('jwt' in sys.modules, 'cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False False\n"
