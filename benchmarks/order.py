"""The JSON body that `POST /orders` receives: an order of about 10 KB, the same on every machine.

Its shape is the example's `Order`; nothing here validates it.
"""

from __future__ import annotations

import json

TARGET_BYTES = 10_240


def order_body(*, target: int = TARGET_BYTES) -> bytes:
    """Return an order in compact JSON of exactly `target` bytes: as many lines as fit, then a note as filling.

    Raises ValueError when `target` is too small for an order with one line.
    """
    lines: list[dict[str, object]] = []
    while len(_encode([*lines, _line(len(lines) + 1)], "")) <= target:
        lines.append(_line(len(lines) + 1))
    if not lines:
        raise ValueError(f"an order with one line needs more than {target} bytes")
    return _encode(lines, "n" * (target - len(_encode(lines, ""))))


def _line(number: int) -> dict[str, object]:
    return {
        "product_id": 10_000 + number,
        "name": f"Product number {number}, boxed",
        "quantity": number % 9 + 1,
        # Halves only, which are exact in binary: every sum of them is the same on every contestant.
        "unit_price": number * 1.5,
        "tags": ["new", f"shelf-{number % 12}", "fragile"][: number % 3 + 1],
    }


def _encode(lines: list[dict[str, object]], note: str) -> bytes:
    order = {
        "reference": "ORDER-2025-000042",
        "ordered_on": "2025-03-14",
        "customer": {
            "id": 42,
            "name": "Ada Lovelace",
            "email": "ada@example.com",
            "address": {"street": "12 St James's Square", "city": "London", "zip_code": "10115", "country": "GB"},
        },
        "lines": lines,
        "note": note,
    }
    return json.dumps(order, separators=(",", ":")).encode()
