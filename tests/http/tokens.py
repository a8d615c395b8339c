"""Keys and tokens for tests: what an issuer makes, and what a forger does. Keys are made once, for that takes time."""

from __future__ import annotations

import base64
import functools
import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

SECRET = "a secret that is longer than every hash: " + "x" * 64


class KeyPair:
    """A private key and its public half, as PEM."""

    def __init__(self, key: Any) -> None:
        self.private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        self.public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@functools.cache
def rsa_key(name: str = "") -> KeyPair:
    return KeyPair(rsa.generate_private_key(65537, 2048))


@functools.cache
def ec_key(curve: str = "P-256") -> KeyPair:
    return KeyPair(ec.generate_private_key({"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}[curve]))


@functools.cache
def ed_key() -> KeyPair:
    return KeyPair(ed25519.Ed25519PrivateKey.generate())


def now() -> int:
    return int(time.time())


def claims(**more: Any) -> dict[str, Any]:
    """Return what a good token says, with some of it replaced; None: left out."""
    found = {"sub": "7", "iat": now() - 10, "exp": now() + 600, **more}
    return {name: value for name, value in found.items() if value is not None}


def b64(data: bytes | str | dict[str, Any]) -> str:
    if isinstance(data, dict):
        data = json.dumps(data)
    return base64.urlsafe_b64encode(data.encode() if isinstance(data, str) else data).rstrip(b"=").decode()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def signed(**more: Any) -> dict[str, str]:
    """Return the header of a good token, signed with `SECRET`, that says these claims."""
    return bearer(jwt.encode(claims(**more), SECRET, algorithm="HS256"))
