"""What only those get to see whose token an issuer signed: its keys are asked for often, or seldom."""

from __future__ import annotations

import os

from django_bolt import BoltAPI, Request
from django_bolt.auth import IsAuthenticated, JWTAuthentication

api = BoltAPI()
KEYS = f"{os.environ['PROJECT_ISSUER']}/jwks.json"


@api.get("/pid")
async def process() -> int:
    """Tell which process answers."""
    return os.getpid()


@api.get("/often", auth=[JWTAuthentication(jwks_url=KEYS, jwks_refresh_interval=1)], guards=[IsAuthenticated()])
@api.get("/seldom", auth=[JWTAuthentication(jwks_url=KEYS, jwks_refresh_interval=3600)], guards=[IsAuthenticated()])
async def visitor(request: Request) -> str:
    """Tell whose token it is."""
    return str(request.context["user_id"])
