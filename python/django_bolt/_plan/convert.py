"""Conversions that Rust leaves to Python: one callable for each, made at start.

What Rust converts itself is a node of `model.py`; nothing here decides which is which.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from django_bolt._plan.annotation import peel, spell
from django_bolt._plan.constraint import Bounds

# By constraint: how it reads in a message, and whether a value keeps it.
CHECKS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "gt": (">", lambda value, bound: value > bound),
    "ge": (">=", lambda value, bound: value >= bound),
    "lt": ("<", lambda value, bound: value < bound),
    "le": ("<=", lambda value, bound: value <= bound),
    "multiple_of": ("that is a multiple of", lambda value, bound: value % bound == 0),
}


@dataclass(frozen=True, slots=True)
class Converter:
    """`converter(text) -> value`, or `converter([text, ...]) -> value` for repeated parameters.

    Raises `ValueError` (msgspec's `ValidationError` is one) where the text does not fit.
    """

    annotation: Any
    bounds: Bounds = Bounds()

    def __call__(self, text: str | list[str]) -> Any:
        """Return the value that a text, or a list of them, stands for."""
        value = msgspec.convert(text, self.annotation, strict=False)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, (float, decimal.Decimal)):
                _check_finite(part)
        for name, bound in self.bounds.given.items():
            self._check(value, name, bound)
        return value

    def _check(self, value: Any, name: str, bound: Any) -> None:
        words, holds = CHECKS[name]
        try:
            kept = holds(value, bound)
        except (ArithmeticError, TypeError):
            # A Decimal with more digits than its context can divide.
            kept = False
        if not kept:
            raise ValueError(f"Expected `{spell(peel(self.annotation)[0])}` {words} {bound}")


def _check_finite(value: float | decimal.Decimal) -> None:
    # `math.isfinite` would take a large Decimal for infinite.
    finite = value.is_finite() if isinstance(value, decimal.Decimal) else math.isfinite(value)
    if not finite:
        raise ValueError(f"Expected a finite number, got {value}")
