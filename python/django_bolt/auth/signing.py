"""Signed tokens as text: claims in, JWT out, and back. What claims mean is not decided here.

Tokens of requests are checked by the server; this signs them, and checks those that come in a body.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

from django_bolt.exceptions import Unauthorized

if TYPE_CHECKING:
    from jwt import PyJWS

__all__ = ["ALGORITHMS", "InvalidToken", "is_symmetric", "read", "sign"]

Key = str | bytes

SYMMETRIC = ("HS256", "HS384", "HS512")
ALGORITHMS = (
    *SYMMETRIC,
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"),
)
"""Those that the server checks as well."""
MAX_TOKEN = 16_384
"""Characters; nothing that is signed here comes near."""


class InvalidToken(Unauthorized):
    """401: a token that does not count, whatever the reason; the client is not told."""

    def __init__(self) -> None:
        super().__init__("Invalid or expired token", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ()


def is_symmetric(algorithm: str) -> bool:
    """Tell whether one secret both signs and checks; raises `ImproperlyConfigured` for what is no algorithm here."""
    if algorithm not in ALGORITHMS:
        raise ImproperlyConfigured(f"found the algorithm {algorithm!r}, expected one of {', '.join(ALGORITHMS)}")
    return algorithm in SYMMETRIC


def sign(claims: Mapping[str, Any], key: Key, algorithm: str) -> str:
    """Return the claims as a signed token; raises `ImproperlyConfigured` for a key or algorithm that cannot sign."""
    from jwt.exceptions import InvalidKeyError  # noqa: PLC0415  # as in `signer`

    payload = json.dumps(claims, separators=(",", ":")).encode()
    try:
        return signer(algorithm).encode(payload, key, algorithm=algorithm)
    except (InvalidKeyError, TypeError, ValueError, AttributeError) as error:
        wanted = "a secret" if is_symmetric(algorithm) else f"a private key for {algorithm} in PEM"
        raise ImproperlyConfigured(
            f"found a key that cannot sign with {algorithm} ({type(error).__name__}), expected {wanted}; "
            "set JWT_PRIVATE_KEY, or pass secret="
        ) from None


def read(token: str, keys: Iterable[Key], algorithm: str) -> dict[str, Any]:
    """Return the claims of a token that one of the keys signed and that has not expired; raises `InvalidToken`."""
    from jwt.exceptions import PyJWTError  # noqa: PLC0415  # as in `signer`

    if len(token) > MAX_TOKEN:
        raise InvalidToken
    checker = signer(algorithm)
    for key in keys:
        try:
            claims = json.loads(checker.decode(token, key, algorithms=[algorithm]))
        except (PyJWTError, ValueError, TypeError, RecursionError):
            continue
        if isinstance(claims, dict) and is_current(claims):
            return claims
    raise InvalidToken


def is_current(claims: Mapping[str, Any]) -> bool:
    """Tell whether the time is before `exp`, which has to be there."""
    end = claims.get("exp")
    return isinstance(end, int | float) and not isinstance(end, bool) and time.time() < end


@functools.cache
def signer(algorithm: str) -> PyJWS:
    """Return what signs and checks with one algorithm; raises `ImproperlyConfigured` where that does not work."""
    # Importing it, and cryptography where that is installed, takes 8 MB: nothing for a server that signs nothing.
    from jwt import PyJWS  # noqa: PLC0415
    from jwt.algorithms import HMACAlgorithm, has_crypto  # noqa: PLC0415

    if not is_symmetric(algorithm) and not has_crypto:
        raise ImproperlyConfigured(
            f"found the algorithm {algorithm}, for which the package cryptography has to be installed; "
            'write pip install "django-bolt[crypto]", or sign with HS256'
        )

    class AnyLength(HMACAlgorithm):
        """HMAC that leaves it to a system check to tell of a short secret, once and not for each token."""

        def check_key_length(self, key: bytes) -> str | None:
            return None

    made = PyJWS(algorithms=[algorithm])
    if is_symmetric(algorithm):
        made.unregister_algorithm(algorithm)
        made.register_algorithm(algorithm, AnyLength(getattr(HMACAlgorithm, f"SHA{algorithm[2:]}")))
    return made
