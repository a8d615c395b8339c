"""How answers are compressed, decided by the server when they are ready.

Data only: the rules are the core's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class CompressionConfig:
    """How answers are compressed.

    - `backend`: the coding that is preferred where the client takes several equally.
    - `minimum_size`: bytes of the smallest answer that is compressed.
    """

    backend: Literal["gzip", "brotli", "zstd"] = "gzip"
    minimum_size: int = 500


@dataclass(frozen=True)
class CompressionMiddleware:
    """Compresses the answers of the routes below, as `config` says."""

    config: CompressionConfig = CompressionConfig()
