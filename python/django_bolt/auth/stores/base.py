"""What every store of revoked tokens does: entries by token, by family and by user.

How entries are kept is each store's own; what revokes a token is decided here alone.
"""

from __future__ import annotations

import hashlib
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["TokenStore"]

Claims = Mapping[str, Any]

SPARE = 600.0
"""Seconds that an entry is kept beyond its token's end: a backend's leeway, and clocks that differ."""
PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""What stands in a key as it is; everything else is hashed, so that any store can hold it."""
KINDS = ("jti", "fam", "sub")


class TokenStore(ABC):
    """Tokens that no longer count although they have not expired.

    An entry is a key and a time: tokens with that key that were issued before it do not count, whenever that was where
    the time is 0. It is kept until the last of these tokens has expired, `until`; for ever where that is None.
    """

    async def is_revoked(self, claims: Claims) -> bool:
        """Tell whether a token with these claims was revoked: itself, its family, or all of its user's."""
        keys = [key for kind in KINDS if (key := key_of(kind, claims.get(kind)))]
        if not keys:
            return False
        found = await self.read(keys)
        return any(not before or issued_at(claims) < before for before in found.values())

    async def revoke(self, claims: Claims) -> None:
        """Revoke one token, by its `jti`, until its `exp`; raises `ValueError` where it has none."""
        await self.write(required("jti", claims), 0.0, ends_at(claims))

    async def consume(self, claims: Claims) -> bool:
        """Use a token up, by its `jti`: true for the first caller alone, whatever the number of processes."""
        return await self.add(required("jti", claims), ends_at(claims))

    async def revoke_family(self, claims: Claims, *, lifetime: float) -> None:
        """Revoke every token with the `fam` of these claims, one made now for `lifetime` seconds included."""
        own = ends_at(claims)
        until = None if own is None else max(own, time.time() + lifetime + SPARE)
        await self.write(required("fam", claims), 0.0, until)

    async def revoke_user(self, user_id: Any) -> None:
        """Revoke every token of a user that was issued before now, however long it would have lived."""
        await self.write(required("sub", {"sub": str(user_id)}), time.time(), None)

    async def clear_expired(self) -> int:
        """Drop the entries of tokens that have expired and return how many; a store that does so itself has none."""
        return 0

    @abstractmethod
    async def read(self, keys: Sequence[str]) -> Mapping[str, float]:
        """Return the times of those entries that there are."""

    @abstractmethod
    async def write(self, key: str, before: float, until: float | None) -> None:
        """Keep an entry, in the place of one that is there."""

    @abstractmethod
    async def add(self, key: str, until: float | None) -> bool:
        """Keep an entry with the time 0 and return true, false where there is one; of several at once one is true."""


def key_of(kind: str, value: Any) -> str | None:
    """Return the key of a claim, None for what identifies nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return None
    text = str(value)
    if not PLAIN.fullmatch(text):
        text = "~" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{kind}:{text}"


def required(kind: str, claims: Claims) -> str:
    """Return the key of a claim that has to be there."""
    key = key_of(kind, claims.get(kind))
    if key is None:
        raise ValueError(
            f"found a token without {kind!r}, expected the claim that it is revoked by; "
            "create_jwt_for_user() and create_token_pair() put it in"
        )
    return key


def issued_at(claims: Claims) -> float:
    """Return when a token was issued; one that does not say is older than all others.

    `iat` is in whole seconds as a rule, some servers take no other: `iat_us` tells what was issued just before a
    revocation from what was issued just behind it.
    """
    exactly = number(claims.get("iat_us"))
    return (number(claims.get("iat")) or 0.0) if exactly is None else exactly / 1_000_000


def ends_at(claims: Claims) -> float | None:
    """Return until when a token's entry is to be kept; None, for ever, where it does not say when it expires."""
    end = number(claims.get("exp"))
    return None if end is None else end + SPARE


def number(value: Any) -> float | None:
    """Return a NumericDate."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
