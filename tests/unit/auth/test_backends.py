"""What backends are declared with: mistakes are said where they stand."""

from __future__ import annotations

import pytest

from django_bolt.auth import APIKeyAuthentication, APIKeyBearer, JWTAuthentication, JWTBearer


@pytest.mark.parametrize(
    "options",
    [
        {"secret": ""},
        {"secret": b""},
        {"secret": 7},
        {"secret": ["a"]},
        {"algorithms": []},
        {"algorithms": ["none"]},
        {"algorithms": ["hs256"]},
        {"algorithms": [7]},
        {"algorithms": "HS257"},
        {"audience": ""},
        {"audience": []},
        {"audience": [7]},
        {"issuer": 7},
        {"leeway": -1},
        {"leeway": 1.5},
        {"leeway": True},
        {"leeway": 100_000},
        {"header": None},
        {"header": "X Token"},
        {"header": ""},
        {"cookie": "a=b"},
        {"cookie": 7},
        {"jwks_url": "file:///etc/passwd"},
        {"jwks_url": "id.example.com/jwks"},
        {"jwks_url": "https://"},
        {"jwks_url": 7},
        {"jwks_url": "https://id.example.com:99999/"},
        {"oidc_issuer": "ftp://id.example.com"},
        {"jwks_url": "https://id.example.com/jwks", "secret": "x"},
        {"jwks_url": "https://id.example.com/jwks", "oidc_issuer": "https://id.example.com"},
        {"jwks_url": "https://id.example.com/jwks", "algorithms": ["HS256"]},
        {"jwks_url": "https://id.example.com/jwks", "jwks_refresh_interval": 0},
        {"jwks_url": "https://id.example.com/jwks", "jwks_refresh_interval": True},
    ],
)
def test_tokens_that_cannot_be_checked(options):
    with pytest.raises(ValueError, match=r"^JWTAuthentication found .*expected .*; "):
        JWTAuthentication(**options)


@pytest.mark.parametrize(
    "options",
    [
        {"api_keys": "one-key"},
        {"api_keys": 7},
        {"api_keys": [""]},
        {"api_keys": [7]},
        {"api_keys": [" a"]},
        {"api_keys": ["a\nb"]},
        {"api_keys": ["a", "a"]},
        {"api_keys": {"one": "a", "two": "a"}},
        {"header": "X Key"},
        {"api_keys": ["a"], "key_permissions": {"b": ["x"]}},
        {"api_keys": ["a"], "key_permissions": {"a": "x"}},
        {"api_keys": ["a"], "key_permissions": {"a": [7]}},
        {"api_keys": ["a"], "key_permissions": {"a": 7}},
    ],
)
def test_keys_that_cannot_be_used(options):
    with pytest.raises(ValueError, match=r"^APIKeyAuthentication found .*expected .*; ") as raised:
        APIKeyAuthentication(**options)
    assert "one-key" not in str(raised.value)


def test_one_text_is_a_list_of_it():
    backend = JWTAuthentication(algorithms="HS256", audience="us", issuer=["a", "b"])
    assert (backend.algorithms, backend.audience, backend.issuer) == (("HS256",), ("us",), ("a", "b"))
    assert backend == JWTAuthentication(algorithms=["HS256"], audience=["us"], issuer=("a", "b"))


def test_the_short_names():
    assert JWTBearer(secret_key="x") == JWTAuthentication(secret="x")
    assert APIKeyBearer() == APIKeyAuthentication()
