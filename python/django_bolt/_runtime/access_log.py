"""The access log by Python's `logging`: batches of lines from the server, each line a record.

Called on the log's own thread. What a line holds is decided in Rust.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec

LOGGER = logging.getLogger("django_bolt.access")
_decoder = msgspec.json.Decoder()


def access_log(lines: bytes) -> None:
    """Give each of the lines, which are JSON objects, to the logger `django_bolt.access`."""
    if LOGGER.isEnabledFor(logging.INFO):
        for line in lines.splitlines():
            _log(_decoder.decode(line))


def _log(event: dict[str, Any]) -> None:
    if "dropped" in event:
        LOGGER.warning("%d requests were not logged, because the handlers took too long", event["dropped"])
        return
    target = event["path"] if event["query"] is None else f"{event['path']}?{event['query']}"
    # As a line of `combined` has it: what is not printable ASCII would let a client write to the terminal.
    target, method = _harmless(target), _harmless(event["method"])
    LOGGER.info(
        '"%s %s %s" %s %s',
        method,
        target,
        event["protocol"],
        event["status"],
        "-" if event["bytes"] is None else event["bytes"],
        extra={
            "status": event["status"],
            "method": method,
            "path": _harmless(event["path"]),
            "duration_ms": event["duration_ms"],
            "client": event["client"],
            "request_id": event["request_id"],
        },
    )


def _harmless(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode() if text.isprintable() else ascii(text)[1:-1]
