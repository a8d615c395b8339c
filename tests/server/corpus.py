"""gunicorn's corpus of requests, from its source distribution: fetched when a test asks for it, never kept here."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from pathlib import Path

RELEASE = "27.0.1"
FETCH_TIMEOUT = 120
ESCAPES = {rb"\r\n": b"\r\n", rb"\0": b"\0", rb"\n": b"\n", rb"\t": b"\t"}


def fetch(cache: Path) -> Path | None:
    """Return the directory with `valid` and `invalid`, `None` where the distribution cannot be fetched."""
    unpacked = cache / f"gunicorn-{RELEASE}" / "tests" / "requests"
    archive = cache / f"gunicorn-{RELEASE}.tar.gz"
    if not archive.exists() and not _download(cache):
        return None
    if not unpacked.exists():
        with tarfile.open(archive) as source:
            members = [member for member in source if "/tests/requests/" in member.name and member.isfile()]
            source.extractall(cache, members, filter="data")
    return unpacked


def _download(cache: Path) -> bool:
    cache.mkdir(parents=True, exist_ok=True)
    command = ["download", "--quiet", "--no-binary", ":all:", "--no-deps", "--dest", str(cache)]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip", *command, f"gunicorn=={RELEASE}"],
            capture_output=True,
            timeout=FETCH_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def load(path: Path) -> bytes:
    """Return the bytes that a file stands for: its line breaks do not count, its escapes do."""
    data = path.read_bytes().replace(b"\n", b"")
    return re.sub(rb"\\r\\n|\\[0nt]|\\x[0-9a-fA-F]{2}", _unescape, data)


def _unescape(found: re.Match[bytes]) -> bytes:
    text = found[0]
    return ESCAPES.get(text) or bytes([int(text[2:], 16)])


def has_own_settings(path: Path) -> bool:
    """Tell whether the case is about a setting of gunicorn's: small limits, or what it may be told to permit."""
    return "cfg.set(" in path.with_suffix(".py").read_text()
