"""Who sent a request: the identity that a backend found, and the user behind it, loaded when it is first read.

Nothing here may decide whether somebody may pass (`guards` do).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.functional import SimpleLazyObject, empty

from django_bolt.auth.backends import AuthResult
from django_bolt.datastructures import Context
from django_bolt.orm.entry import run_blocking, run_now

__all__ = ["Identity", "LazyUser"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who a client proved to be, and by what."""

    backend: int
    """Which of the route's backends told, by its position among them."""
    user_id: str | None
    """The user's key as text; None: a client without a user (an API key)."""
    claims: Mapping[str, Any] = field(default_factory=dict)
    """What is claimed of it."""
    by_cookie: bool = False
    """True: by a cookie, which a browser sends whoever asks."""
    user: Any = None
    """The user, where a backend had it."""


def told_by_server(told: tuple[int, str | None, bytes, bool] | None) -> Identity | None:
    """Return the identity that the server found."""
    if told is None:
        return None
    backend, user_id, claims, by_cookie = told
    return Identity(backend=backend, user_id=user_id, claims=msgspec.json.decode(claims), by_cookie=by_cookie)


def told_by_backend(position: int, result: AuthResult, *, by_cookie: bool = False) -> Identity | None:
    """Return the identity that a backend in Python found; None where it found nobody."""
    user, claims = result.user, result.claims
    if user is not None and not getattr(user, "is_authenticated", True):
        user = None
    if user is None and not claims:
        return None
    key = getattr(user, "pk", None) if user is not None else (claims or {}).get("sub")
    user_id = None if key is None else str(key)
    return Identity(backend=position, user_id=user_id, claims=claims or {}, by_cookie=by_cookie, user=user)


def context_of(identity: Identity | None) -> Context:
    """Return what `request.context` holds."""
    if identity is None:
        return Context()
    claims = identity.claims
    return Context(
        {
            "user_id": identity.user_id,
            "claims": dict(claims),
            "permissions": names(claims, "permissions") or [],
            "roles": names(claims, "roles") or [],
        }
    )


def names(claims: Mapping[str, Any], claim: str) -> list[Any] | None:
    """Return the list that a claim holds: an empty one where it is no list, None where there is no such claim."""
    if claim not in claims:
        return None
    value = claims[claim]
    return list(value) if isinstance(value, list | tuple | set | frozenset) else []


# Users --------------------------------------------------------------------------------------


def user_of(identity: Identity | None) -> Any:
    """Return the user, not loaded yet where a backend told no more than its key; else Django's `AnonymousUser`."""
    if identity is not None and identity.user is not None:
        return identity.user
    key = None if identity is None or identity.user_id is None else key_of(identity.user_id)
    return nobody() if key is None else LazyUser(key)


def nobody() -> Any:
    """Return Django's anonymous user."""
    from django.contrib.auth.models import AnonymousUser  # noqa: PLC0415  # its module has models

    return AnonymousUser()


def key_of(text: str) -> Any:
    """Return a user's key as the model has it; None where the text is none, or not as the key is written."""
    try:
        key = get_user_model()._meta.pk.to_python(text)
    except (ValidationError, ValueError, TypeError, OverflowError):
        return None
    # " 7", "0_7" and "٧" are numbers to Python, and may be somebody else to whoever wrote the token.
    if isinstance(key, int) and str(key) != text:
        return None
    return None if "\0" in text else key


def rows(key: Any) -> Any:
    """Return the query for the user with a key."""
    return get_user_model()._default_manager.filter(pk=key)


def active(user: Any) -> Any:
    """Return a user; an anonymous one where there is none or it is inactive, as for Django's sessions."""
    return user if user is not None and getattr(user, "is_active", True) else nobody()


if TYPE_CHECKING:
    Lazy = SimpleLazyObject[Any]
else:
    Lazy = SimpleLazyObject


class LazyUser(Lazy):
    """A user of whom only the key is known: `pk` and `id` need no query, anything else is one, made once.

    Like Django's lazy objects it passes for the user it stands for: `isinstance`, `==`, `bool`, `str`, pickling.
    """

    _wrapped: Any

    def __init__(self, key: Any) -> None:
        self.__dict__["_key"] = key
        super().__init__(self._load)

    def _load(self) -> Any:
        return active(run_now(rows(self.__dict__["_key"]).first))

    async def _aload(self) -> Any:
        # Named so that no attribute of a user's is hidden.
        if self._wrapped is empty:
            self._wrapped = active(await run_blocking(rows(self.__dict__["_key"]).first))
        return self._wrapped

    @property
    def pk(self) -> Any:
        """The key."""
        return self.__dict__["_key"] if self._wrapped is empty else self._wrapped.pk

    @property
    def id(self) -> Any:
        """The user's `id`: mostly the key."""
        if self._wrapped is empty and get_user_model()._meta.pk.attname == "id":
            return self.__dict__["_key"]
        if self._wrapped is empty:
            self._setup()
        return self._wrapped.id

    def __repr__(self) -> str:
        return f"<LazyUser {self.pk!r}>" if self._wrapped is empty else repr(self._wrapped)

    def __copy__(self) -> Any:
        return LazyUser(self.__dict__["_key"]) if self._wrapped is empty else copy.copy(self._wrapped)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if self._wrapped is not empty:
            return copy.deepcopy(self._wrapped, memo)
        memo[id(self)] = made = LazyUser(self.__dict__["_key"])
        return made


class DjangoUser(Lazy):
    """The user that Django's middleware knows of, loaded wherever it is read: in a coroutine, too."""

    _wrapped: Any

    def __init__(self, user: Any) -> None:
        self.__dict__["_own"] = user
        super().__init__(self._load)

    def _load(self) -> Any:
        return run_now(evaluated, self.__dict__["_own"])

    async def _aload(self) -> Any:
        # Named so that no attribute of a user's is hidden.
        if self._wrapped is empty:
            self._wrapped = await run_blocking(evaluated, self.__dict__["_own"])
        return self._wrapped


def known_to_django(user: Any) -> Any:
    """Return the `request.user` of Django's middleware as handlers can read it."""
    return DjangoUser(user) if isinstance(user, SimpleLazyObject) else user


def evaluated(user: Any) -> Any:
    """Return what a lazy object stands for; may ask the database."""
    if user._wrapped is empty:
        user._setup()
    return user._wrapped


async def loaded(user: Any) -> Any:
    """Return the user itself in place of one that is not loaded yet."""
    return await user._aload() if type(user) in (LazyUser, DjangoUser) else user
