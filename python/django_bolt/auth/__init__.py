"""Who a client is and what it may do: backends that tell, guards that ask."""

from __future__ import annotations

from django_bolt.auth.backends import (
    APIKeyAuthentication,
    APIKeyBearer,
    AuthResult,
    BaseAuth,
    JWTAuthentication,
    JWTBearer,
    SessionAuthentication,
)
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

__all__ = [
    "APIKeyAuthentication",
    "APIKeyBearer",
    "AllowAny",
    "AuthResult",
    "BaseAuth",
    "BaseGuard",
    "HasAllPermissions",
    "HasAnyPermission",
    "HasPermission",
    "HasRole",
    "IsAuthenticated",
    "IsStaff",
    "IsSuperuser",
    "JWTAuthentication",
    "JWTBearer",
    "SessionAuthentication",
    "api_key_required",
    "jwt_required",
]
