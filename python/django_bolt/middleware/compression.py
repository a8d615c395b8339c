"""How answers are compressed, decided by the server when they are ready.

Data only: the rules are the core's, what cannot be kept is found by `_runtime.policy_problems`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class CompressionConfig:
    """How answers are compressed.

    - `backend`: the coding that is preferred where the client takes several equally; all three are offered.
    - `minimum_size`: bytes of the smallest answer that is compressed.
    - `gzip_level` (1 to 9), `brotli_level` (0 to 11), `zstd_level` (1 to 22): how hard each tries.
    """

    backend: Literal["gzip", "brotli", "zstd"] = "gzip"
    minimum_size: int = 500
    # 10 KB of JSON, on one core of 3 GHz: gzip 1 makes 2,801 bytes in 23 µs, 2: 2,062 in 35, 4: 1,964 in 54,
    # 6: 1,924 in 63; brotli 2: 1,861 in 67, 3: 1,813 in 80, 4: 1,805 in 107, 5: 1,659 in 420; zstd 1: 1,693 in 18,
    # 2: 1,698 in 15, 3: 1,745 in 18, 4: 1,723 in 32.
    gzip_level: int = 2
    brotli_level: int = 3
    zstd_level: int = 2


@dataclass(frozen=True)
class CompressionMiddleware:
    """Compresses the answers of the routes below, as `config` says."""

    config: CompressionConfig = CompressionConfig()
