"""Decides whether a regular expression means the same to Python and to Rust's `regex` crate.

Conservative: what is not known to mean the same is left to Python. Nothing here matches text. One difference is wanted:
`$` is the very end for Rust, while Python lets a line break follow it.
"""

from __future__ import annotations

import re

# Counted repetitions multiply the size of the compiled automaton; Rust refuses one above 10 MB.
MOST_REPETITIONS = 1000

# One piece of a pattern outside a character class, after which the next piece begins. Left out on purpose: lookaround,
# backreferences, conditions, atomic groups, inline flags, possessive quantifiers, `\Z`, `\<`, and braces that Python
# takes for text.
PIECE = re.compile(
    r"""
    (?P<repeat>\{(?P<low>\d{1,4})(?:,(?P<high>\d{0,4}))?\}\??(?![*+?{]))
    | [*+?]\??(?![*+?{])
    | \((?:\?:|\?P<[A-Za-z_]\w*>|(?!\?))
    | \[\^?(?![\]\^])(?P<set>(?:\\[dDwWsSnrtfv\\.\-/+*?()\[\]{}^$|] | [^\\\[\]])+)\]
    | \\[dDwWsSbBAnrtfv\\.\-/+*?()\[\]{}^$|]
    | [^\\\[\]{}()*+?]
    | \)
    | \]
    """,
    re.VERBOSE,
)

# Operations on sets inside `[...]`: Rust has them, Python takes them for text.
SET_OPERATION = re.compile(r"&&|--|~~")


def is_shared(pattern: str) -> bool:
    """Tell whether Rust may search `pattern` in Python's place."""
    position, repetitions = 0, 1
    while position < len(pattern):
        piece = PIECE.match(pattern, position)
        if piece is None or SET_OPERATION.search(piece["set"] or ""):
            return False
        if piece["repeat"]:
            repetitions *= max(int(piece["high"] or piece["low"]), 1)
        if repetitions > MOST_REPETITIONS:
            return False
        position = piece.end()
    return True
