"""What the settings put around everything; without them, and without policies of its own, a route has none at all."""

from __future__ import annotations

import json
import re

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from django_bolt import BoltAPI
from django_bolt._runtime.assemble import assemble
from django_bolt._runtime.outermost import outermost
from django_bolt.middleware import CompressionConfig, CompressionMiddleware, CORSMiddleware, RateLimitMiddleware


def policies_of(api: BoltAPI) -> list[dict[str, object]]:
    """The policies in the plan of an application: of its routes and of its scopes."""
    plan = json.loads(assemble([api], docs=False).plan)
    return [part["policies"] for part in (*plan["routes"], *plan["scopes"])]


def test_without_policies_the_server_has_nothing_to_do() -> None:
    api = BoltAPI("/api")

    @api.get("/x")
    async def handler() -> None: ...

    found = policies_of(api)
    assert len(found) == 3
    assert all(policies == {"cors": None, "rate_limits": [], "compression": None} for policies in found)
    with override_settings(BOLT_COMPRESSION=True):
        assert all(policies["compression"] for policies in policies_of(api))


def test_settings_become_middleware() -> None:
    assert outermost() == ()
    policy = CORSMiddleware(allow_origins=["*"])
    for cors in ({"allow_origins": ["*"]}, policy):
        for compression, config in (({"zstd_level": 5}, CompressionConfig(zstd_level=5)), (True, CompressionConfig())):
            with override_settings(BOLT_CORS=cors, BOLT_COMPRESSION=compression):
                assert outermost() == (CORSMiddleware(allow_origins=["*"]), CompressionMiddleware(config))
    with override_settings(BOLT_RATE_LIMIT={"requests": 5}, BOLT_COMPRESSION=False):
        assert outermost() == (RateLimitMiddleware(requests=5),)


def test_everything_that_is_wrong_is_told() -> None:
    with (
        override_settings(BOLT_CORS={}, BOLT_COMPRESSION={"backend": "lzma"}, BOLT_RATE_LIMIT={"burst": 0}),
        pytest.raises(ImproperlyConfigured) as raised,
    ):
        outermost()
    said = r"settings.BOLT_CORS: .* \| settings.BOLT_COMPRESSION: .*'lzma'.* \| settings.BOLT_RATE_LIMIT: .*burst=0"
    assert re.match(said, str(raised.value))
