"""The wrappers of tracers: they look like the functions that they wrap, and are equal to them."""

from __future__ import annotations

from typing import Any

__all__ = ["traced"]


class Traced:
    """A wrapper that notes its calls."""

    def __init__(self, wrapped: Any, called: list[Any]) -> None:
        self.__wrapped__ = wrapped
        self.called = called

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)

    def __eq__(self, other: object) -> bool:
        return bool(self.__wrapped__ == other)

    def __hash__(self) -> int:
        return hash(self.__wrapped__)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return Traced(self.__wrapped__.__get__(instance, owner), self.called)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.called.append(self.__wrapped__.__name__)
        return self.__wrapped__(*arguments, **options)


def traced(function: Any, called: list[Any]) -> Any:
    """Return the wrapper of a function."""
    return Traced(function, called)
