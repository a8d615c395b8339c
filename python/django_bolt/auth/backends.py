"""Backends: how a client proves who it is.

Tokens and keys are checked by the server before any Python runs; here stands what they are checked against.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django_bolt.auth.signing import ALGORITHMS
from django_bolt.datastructures import TOKEN

__all__ = [
    "APIKeyAuthentication",
    "APIKeyBearer",
    "AuthResult",
    "BaseAuth",
    "JWTAuthentication",
    "JWTBearer",
]

_MAX_LEEWAY = 86_400


@dataclass(frozen=True, kw_only=True)
class AuthResult:
    """Who a backend found: a user, claims about it, or both; neither: nobody."""

    user: Any = None
    claims: Mapping[str, Any] | None = None


class BaseAuth:
    """Base of the project's own backends, in Python."""

    by_cookie: ClassVar[bool] = False
    """True: browsers bring the credential by themselves, so what changes something must bring a CSRF token as well."""

    async def authenticate(self, request: Any) -> AuthResult:
        """Return who sent the request; an empty `AuthResult` leaves it to the next backend."""
        raise NotImplementedError(f"{type(self).__name__} has no authenticate(self, request)")


@dataclass(frozen=True, kw_only=True)
class JWTAuthentication:
    """A signed token (RFC 7519), `Authorization: Bearer TOKEN`; the user's id is its `sub`, and it must have an `exp`.

    - `secret`: shared secret, or PEM public key; `settings.JWT_SECRET_KEY`, then `SECRET_KEY`, unless given.
    - `algorithms`: the only ones accepted; `settings.JWT_ALGORITHM`, then `HS256`, unless given. With a PEM key of its
      own, or keys from elsewhere: those of the key.
    - `audience`, `issuer`: one or several, of which one must be in the token.
    - `leeway`: seconds by which clocks may differ.
    - `header`: field that holds it; `cookie`: cookie that holds it, where the field does not.
    - `jwks_url`: where the issuer publishes its keys (RFC 7517), instead of a secret.
    - `oidc_issuer`: an OpenID provider, which says where that is; tokens must be its own.
    - `jwks_refresh_interval`: seconds after which they are fetched again.

    Raises `ValueError` for what cannot be used.
    """

    secret: str | bytes | None = field(default=None, repr=False)
    algorithms: Sequence[str] | None = None
    audience: str | Sequence[str] | None = None
    issuer: str | Sequence[str] | None = None
    leeway: int = 0
    header: str | None = "Authorization"
    cookie: str | None = None
    jwks_url: str | None = None
    oidc_issuer: str | None = None
    jwks_refresh_interval: float = 300

    def __post_init__(self) -> None:
        secret: Any = self.secret
        if not (secret is None or isinstance(secret, str | bytes)) or secret in ("", b""):
            # What was found is not shown: it may be meant as a secret.
            raise ValueError(
                "JWTAuthentication found a secret that is empty, or neither str nor bytes; expected a secret or a PEM "
                "public key; leave it out for settings.JWT_SECRET_KEY"
            )
        for name in ("algorithms", "audience", "issuer"):
            object.__setattr__(self, name, _texts(name, getattr(self, name)))
        if wrong := [name for name in self.algorithms or () if name not in ALGORITHMS]:
            raise ValueError(
                f"JWTAuthentication found the algorithm {wrong[0]!r}, expected some of "
                f"{', '.join(sorted(ALGORITHMS))}; correct it"
            )
        self._check_places()
        self._check_sources()

    def _check_places(self) -> None:
        if self.header is None and self.cookie is None:
            raise ValueError("JWTAuthentication found header=None without a cookie, expected a place; name one of them")
        for name in ("header", "cookie"):
            _check_name("JWTAuthentication", name, getattr(self, name))
        leeway: Any = self.leeway
        if isinstance(leeway, bool) or not isinstance(leeway, int) or not 0 <= leeway <= _MAX_LEEWAY:
            raise ValueError(
                f"JWTAuthentication found leeway={leeway!r}, expected a whole number of seconds from 0 to "
                f"{_MAX_LEEWAY}; write e.g. leeway=10"
            )

    def _check_sources(self) -> None:
        given = [name for name in ("secret", "jwks_url", "oidc_issuer") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(
                f"JWTAuthentication found {' and '.join(given)}, expected one place for keys; use one backend for each"
            )
        for name in ("jwks_url", "oidc_issuer"):
            _check_url(name, getattr(self, name))
        interval: Any = self.jwks_refresh_interval
        if isinstance(interval, bool) or not isinstance(interval, int | float) or not 1 <= interval <= _MAX_LEEWAY:
            raise ValueError(
                f"JWTAuthentication found jwks_refresh_interval={interval!r}, expected seconds from 1 to "
                f"{_MAX_LEEWAY}; write e.g. jwks_refresh_interval=300"
            )
        shared = [name for name in self.algorithms or () if name.startswith("HS")]
        if shared and given and given != ["secret"]:
            raise ValueError(
                f"JWTAuthentication found the algorithm {shared[0]!r} with {given[0]}, whose keys everybody knows; "
                "expected algorithms of public keys, such as RS256; leave algorithms out to take those of the keys"
            )


@dataclass(frozen=True, kw_only=True)
class APIKeyAuthentication:
    """A key from a fixed set; `BOLT["API_KEYS"]` unless given. Without any key nobody passes.

    - `api_keys`: the keys, or a mapping of names to keys; `request.context["claims"]["api_key"]` is then the name, else
      the key's position.
    - `header`: field that holds one.
    - `key_permissions`: what each key may, for `HasPermission` and its like; keys that it leaves out may nothing.

    A client that is known by its key is no user. Raises `ValueError` for what cannot be used.
    """

    api_keys: Sequence[str] | Mapping[str, str] | None = field(default=None, repr=False)
    header: str = "X-API-Key"
    key_permissions: Mapping[str, Collection[str]] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _check_name("APIKeyAuthentication", "header", self.header)
        keys: Any = self.api_keys
        if keys is not None and (isinstance(keys, str | bytes) or not isinstance(keys, Collection)):
            raise ValueError(
                f"APIKeyAuthentication found api_keys as one {type(keys).__name__}, expected a list of keys or a "
                "mapping of names to keys; write api_keys=[KEY]"
            )
        values: list[Any] = list(keys.values() if isinstance(keys, Mapping) else keys or ())
        if any(not isinstance(key, str) or not key or key != key.strip() or not key.isprintable() for key in values):
            raise ValueError(
                "APIKeyAuthentication found a key that is no text, empty, or holds what a header cannot; expected "
                "printable text; make keys with secrets.token_urlsafe(32)"
            )
        if len(set(values)) != len(values):
            raise ValueError("APIKeyAuthentication found one key twice, expected each once; remove one")
        self._check_permissions(values)

    def _check_permissions(self, values: list[str]) -> None:
        granted: Any = self.key_permissions or {}
        lists = all(isinstance(names, Collection) and not isinstance(names, str) for names in granted.values())
        if not lists or not all(isinstance(name, str) for names in granted.values() for name in names):
            raise ValueError(
                "APIKeyAuthentication found key_permissions whose values are no lists of text, expected e.g. "
                '{KEY: ["shop.view_order"]}; put the names in a list'
            )
        if self.api_keys is not None and (unknown := set(granted) - set(values)):
            raise ValueError(
                f"APIKeyAuthentication found key_permissions of {len(unknown)} keys that are not among api_keys, "
                "expected those alone; add the keys, or drop what they may"
            )


def JWTBearer(secret_key: str | None = None) -> JWTAuthentication:  # noqa: N802  # a class to those who call it
    """Return `JWTAuthentication(secret=secret_key)`."""
    return JWTAuthentication(secret=secret_key)


def APIKeyBearer() -> APIKeyAuthentication:  # noqa: N802  # as above
    """Return `APIKeyAuthentication()`."""
    return APIKeyAuthentication()


def _texts(name: str, given: Any) -> tuple[str, ...] | None:
    """Return one text or several as a tuple."""
    if given is None:
        return None
    values = (given,) if isinstance(given, str) else given
    if not isinstance(values, Collection) or not values or not all(isinstance(one, str) and one for one in values):
        raise ValueError(
            f"JWTAuthentication found {name}={given!r}, expected text or a list of it; drop it for the default"
        )
    return tuple(values)


def _check_name(owner: str, what: str, name: Any) -> None:
    if name is not None and (not isinstance(name, str) or TOKEN.fullmatch(name) is None):
        raise ValueError(f"{owner} found {what}={name!r}, expected a name such as {'X-Token'!r}; correct it")


def _check_url(what: str, url: Any) -> None:
    if url is None:
        return
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.fragment and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ValueError(
            f"JWTAuthentication found {what}={url!r}, expected an http or https URL; write e.g. "
            f'{what}="https://id.example.com{"/jwks.json" if what == "jwks_url" else ""}"'
        )
