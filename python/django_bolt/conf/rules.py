"""What a setting may be: the rules that `Configuration` gives its fields.

Nothing here may know a setting's name.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "Rule",
    "amount",
    "choice",
    "each",
    "flag",
    "maybe",
    "network",
    "path",
    "reference",
    "setting",
    "text",
    "whole",
]


@dataclass(frozen=True)
class Rule:
    """What a setting may be."""

    accepts: Callable[[Any], bool]
    expected: str
    """What is accepted, for a sentence: "expected …"."""
    example: str = ""
    """A value to write; the default's where this is empty."""
    convert: Callable[[Any], Any] = lambda value: value
    """Makes an accepted value what `Configuration` holds."""


def setting(default: Any, rule: Rule) -> Any:
    """Return a dataclass field with a default and the rule for what is given instead."""
    return field(default=default, metadata={"rule": rule})


def _number(types: Any, least: float, most: float) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, types) and not isinstance(value, bool) and least <= value <= most


def whole(least: int, most: int) -> Rule:
    """A whole number."""
    return Rule(_number(int, least, most), f"a whole number from {least} to {most}")


def amount(unit: str, most: int) -> Rule:
    """A number of `unit`, held as a float."""
    return Rule(_number(int | float, 0, most), f"a number of {unit} from 0 to {most}", convert=float)


def text(expected: str, example: str) -> Rule:
    """Text that is not empty."""
    return Rule(lambda value: isinstance(value, str) and value != "", expected, example)


def flag() -> Rule:
    """True or False."""
    return Rule(lambda value: isinstance(value, bool), "True or False")


def choice(*values: Any) -> Rule:
    """One of some values."""
    return Rule(
        lambda value: any(value is one or (type(value) is type(one) and value == one) for one in values),
        f"one of {', '.join(map(repr, values))}",
        repr(values[0]),
    )


def path(example: str) -> Rule:
    """A file's path: text or a `pathlib.Path`, held as text."""
    return Rule(
        lambda value: hasattr(value, "__fspath__") or (isinstance(value, str) and value != ""),
        "the path of a file",
        example,
        convert=str,
    )


def reference(example: str) -> Rule:
    """A callable, or the dotted path of one."""
    return Rule(
        lambda value: callable(value) or (isinstance(value, str) and "." in value), "a callable or its path", example
    )


def maybe(rule: Rule, example: str = "None") -> Rule:
    """None, or what another rule accepts."""
    return Rule(
        lambda value: value is None or rule.accepts(value),
        f"{rule.expected}, or None",
        rule.example or example,
        convert=lambda value: None if value is None else rule.convert(value),
    )


def each(rule: Rule, example: str) -> Rule:
    """A list or tuple of what another rule accepts, held as a tuple."""
    return Rule(
        lambda value: (
            isinstance(value, Collection)
            and not isinstance(value, str | bytes | Mapping)
            and all(rule.accepts(item) for item in value)
        ),
        f"a list, each of {rule.expected}",
        example,
        convert=lambda value: tuple(rule.convert(item) for item in value),
    )


def network() -> Rule:
    """An IP address or network (CIDR), or "unix" for whoever connects over the Unix socket."""

    def accepts(value: Any) -> bool:
        if value == "unix":
            return True
        try:
            ipaddress.ip_network(value if isinstance(value, str) else b"")
        except ValueError:
            return False
        return True

    return Rule(accepts, 'an IP address or network such as "10.0.0.0/8", or "unix"')
