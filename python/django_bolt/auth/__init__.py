"""Who a client is and what it may do: backends that tell, guards that ask."""

from __future__ import annotations

from django_bolt.auth.backends import (
    APIKeyAuthentication,
    APIKeyBearer,
    AuthResult,
    BaseAuth,
    JWTAuthentication,
    JWTBearer,
)
from django_bolt.auth.dependencies import CurrentUser, OptionalCurrentUser, get_current_user, get_optional_user
from django_bolt.auth.guards import (
    AllowAny,
    BaseGuard,
    HasAllPermissions,
    HasAnyPermission,
    HasPermission,
    HasRole,
    IsAuthenticated,
    IsStaff,
    IsSuperuser,
    api_key_required,
    jwt_required,
)
from django_bolt.auth.sessions import SessionAuthentication
from django_bolt.auth.signing import InvalidToken
from django_bolt.auth.stores import TokenStore, token_store
from django_bolt.auth.tokens import (
    TokenPair,
    check_revoked,
    create_jwt_for_user,
    create_token_pair,
    decode_refresh_token,
    revoke_all_for_user,
    revoke_family,
    revoke_token,
    rotate_refresh_token,
)

__all__ = [
    "APIKeyAuthentication",
    "APIKeyBearer",
    "AllowAny",
    "AuthResult",
    "BaseAuth",
    "BaseGuard",
    "CurrentUser",
    "HasAllPermissions",
    "HasAnyPermission",
    "HasPermission",
    "HasRole",
    "InvalidToken",
    "IsAuthenticated",
    "IsStaff",
    "IsSuperuser",
    "JWTAuthentication",
    "JWTBearer",
    "OptionalCurrentUser",
    "SessionAuthentication",
    "TokenPair",
    "TokenStore",
    "api_key_required",
    "check_revoked",
    "create_jwt_for_user",
    "create_token_pair",
    "decode_refresh_token",
    "get_current_user",
    "get_optional_user",
    "jwt_required",
    "revoke_all_for_user",
    "revoke_family",
    "revoke_token",
    "rotate_refresh_token",
    "token_store",
]
