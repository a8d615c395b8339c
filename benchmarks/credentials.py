"""Who the load is: a token and a session that every contestant knows. Nothing here protects anything."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

SECRET = "a-secret-for-benchmarks-that-protects-nothing"
"""What the token is signed with (HS256)."""
USER_ID = 3
SESSION_KEY = "benchmarkbenchmarkbenchmarkbench"
"""The cookie `sessionid` of a session of that user, as long as Django's own."""


def token() -> str:
    """Return a token for the user that is good until the year 2100; the same every time."""
    header = {"alg": "HS256", "typ": "JWT"}
    claims = {
        "sub": str(USER_ID),
        "iat": 1_735_689_600,
        "exp": 4_102_444_800,
        "jti": "benchmark",
        "type": "access",
        "is_staff": False,
        "is_superuser": False,
    }
    signed = b".".join(encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    signature = encoded(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest())
    return (signed + b"." + signature).decode()


def encoded(data: bytes) -> bytes:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")
