"""Routes that other origins may read, and whose answers are compressed."""

from __future__ import annotations

from django_bolt import Router
from django_bolt.middleware import CompressionConfig, CompressionMiddleware, CORSMiddleware, no_compress
from django_bolt.responses import PlainText

slowly = CompressionConfig(backend="brotli", brotli_level=9)
router = Router(
    prefix="/shared",
    middleware=[CORSMiddleware(allow_origins=["https://www.example.com"]), CompressionMiddleware(slowly)],
)


def words(count: int) -> str:
    """Return text that takes a while to compress."""
    return " ".join(format(n * 2654435761 % 2**32, "x") for n in range(count))


@router.get("/words/{count}")
async def compressed(count: int) -> PlainText:
    """Say much."""
    return PlainText(words(count))


@router.get("/plain/{count}")
@no_compress
async def plain(count: int) -> PlainText:
    """Say the same as it is."""
    return PlainText(words(count))
