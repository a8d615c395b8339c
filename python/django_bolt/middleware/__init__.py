"""What stands around handlers: origins, rates, compression, and the project's own middleware."""

from __future__ import annotations

from django_bolt.middleware.compression import CompressionConfig, CompressionMiddleware
from django_bolt.middleware.cors import CORSMiddleware
from django_bolt.middleware.decorators import cors, no_compress, rate_limit, skip_middleware
from django_bolt.middleware.rate_limit import RateLimitMiddleware

__all__ = [
    "CORSMiddleware",
    "CompressionConfig",
    "CompressionMiddleware",
    "RateLimitMiddleware",
    "cors",
    "no_compress",
    "rate_limit",
    "skip_middleware",
]
