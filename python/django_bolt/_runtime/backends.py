"""Declared backends → what the server is told of them, each once. Nothing here runs while a request is served."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from django_bolt import conf
from django_bolt._plan.errors import PlanError
from django_bolt._plan.node import Ref, Secret
from django_bolt._plan.policy import ApiKey, Backend, Jwt, PythonBackend
from django_bolt.auth import backends
from django_bolt.auth.sessions import SessionAuthentication, session_problem
from django_bolt.conf.jwt import jwt_settings


@dataclass(frozen=True, kw_only=True)
class KeySource:
    """Where the keys of a backend come from, while a server runs."""

    backend: int
    """Its index in the plan."""
    url: str | None
    issuer: str | None
    interval: float
    """Seconds after which they are fetched again."""


class Backends:
    """The backends of a plan, which routes share."""

    def __init__(self, configuration: conf.Configuration) -> None:
        self._configuration = configuration
        self.nodes: list[Backend] = []
        self.sources: list[KeySource] = []
        self._declared: list[Any] = []

    def index(self, backend: Any) -> int:
        """Return the index of a backend; those that are equal have one."""
        for index, declared in enumerate(self._declared):
            if declared is backend or (type(declared) is type(backend) and declared == backend):
                return index
        self._declared.append(backend)
        self.nodes.append(self._node(backend))
        index = len(self.nodes) - 1
        if isinstance(backend, backends.JWTAuthentication) and (backend.jwks_url or backend.oidc_issuer):
            source = KeySource(
                backend=index,
                url=backend.jwks_url,
                issuer=backend.oidc_issuer,
                interval=float(backend.jwks_refresh_interval),
            )
            self.sources.append(source)
        return index

    def _node(self, backend: Any) -> Backend:
        if isinstance(backend, backends.JWTAuthentication):
            return jwt_node(backend)
        if isinstance(backend, backends.APIKeyAuthentication):
            return api_key_node(backend, self._configuration)
        if isinstance(backend, SessionAuthentication) and (problem := session_problem()) is not None:
            raise PlanError(str(problem))
        return PythonBackend()


def jwt_node(backend: backends.JWTAuthentication) -> Jwt:
    """Return what the server is told of tokens."""
    key, algorithms = key_and_algorithms(backend)
    issuer = backend.issuer or ((backend.oidc_issuer,) if backend.oidc_issuer else ())
    return Jwt(
        header=None if backend.header is None else backend.header.lower(),
        cookie=backend.cookie,
        key=key,
        algorithms=algorithms,
        audience=list(backend.audience or ()),
        issuer=list(issuer),
        leeway=backend.leeway,
    )


def key_and_algorithms(backend: backends.JWTAuthentication) -> tuple[Ref | None, list[str]]:
    """Return what tokens are checked with, and the algorithms; none: those that go with the key."""
    named = list(backend.algorithms or ())
    if backend.jwks_url or backend.oidc_issuer:
        return None, named
    if backend.secret is None:
        try:
            settings = jwt_settings()
        except ImproperlyConfigured:
            # Without any SECRET_KEY nobody passes, and a project that has no tokens needs none.
            return None, []
        return Secret([settings.secret, *settings.fallbacks]), named or [settings.algorithm]
    if not named and not is_pem(backend.secret):
        # The settings' algorithm is also that of a secret given here, unless it is one of public keys.
        try:
            named = [name for name in [jwt_settings().algorithm] if name.startswith("HS")]
        except ImproperlyConfigured:
            # Without any SECRET_KEY.
            named = []
    return Secret([backend.secret]), named


def is_pem(secret: str | bytes) -> bool:
    """Tell whether a secret is a key in PEM."""
    text = secret.decode("latin-1") if isinstance(secret, bytes) else secret
    return text.lstrip().startswith("-----BEGIN ")


def api_key_node(backend: backends.APIKeyAuthentication, configuration: conf.Configuration) -> ApiKey:
    """Return what the server is told of keys: each with the claims that it proves."""
    keys = configuration.api_keys if backend.api_keys is None else backend.api_keys
    named = keys.items() if isinstance(keys, Mapping) else enumerate(keys)
    pairs = []
    for name, key in named:
        claims: dict[str, Any] = {"api_key": str(name)}
        if backend.key_permissions is not None:
            claims["permissions"] = list(backend.key_permissions.get(key, ()))
        pairs.append((key, json.dumps(claims).encode()))
    return ApiKey(header=backend.header.lower(), keys=Secret(pairs))
