"""Generated trees of conditions, whose values are given when a condition is made."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

from django.db.models import Q
from hypothesis import strategies as st

__all__ = ["condition_trees"]


@st.composite
def condition_trees(draw: Any, leaves: st.SearchStrategy[Any], *, one_in: int, depth: int = 2) -> Callable[[Any], Q]:
    """Return what makes a tree from what fills it, of leaves that do; one in so many is itself a tree."""
    if depth and draw(st.integers(1, one_in)) == 1:
        parts = draw(st.lists(condition_trees(leaves, one_in=one_in, depth=depth - 1), min_size=1, max_size=3))
        join = draw(st.sampled_from([operator.and_, operator.or_, operator.xor]))
        negated = draw(st.booleans())

        def tree(fill: Any) -> Q:
            joined = functools.reduce(join, [part(fill) for part in parts])
            return ~joined if negated else joined

        return tree
    leaf: Callable[[Any], Q] = draw(leaves)
    return leaf
