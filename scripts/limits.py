"""Fail where a source file or a function is too long, or where Rust says ``unsafe`` outside its one file.

Style belongs to ruff and clippy; nothing here may judge anything but length and that one word.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("crates", "python", "scripts", "tests", "benchmarks", "example")
SKIPPED = {"__pycache__", "node_modules", "target", "results"}
FILE_LINES = 500
FUNCTION_LINES = 60
UNSAFE_HOME = Path("crates/server/src/py/ffi.rs")

# What can hold a brace or the word "fn" without meaning it. Block comments nest and are found by hand.
RUST_TEXT = re.compile(
    r"""
      //[^\n]*                                          # line comment
    | /\*                                               # start of a block comment
    | \b[bc]?r(?P<hashes>\#*)".*?"(?P=hashes)           # raw string
    | \b[bc]?"(?:\\.|[^"\\])*" | "(?:\\.|[^"\\])*"      # string
    | b?'(?:\\(?:u\{[^}]*\}|x..|.)|[^'\\])'             # character; a lifetime has no closing quote
    """,
    re.VERBOSE | re.DOTALL,
)
RUST_FUNCTION = re.compile(r"\bfn\s+(\w+)")
RUST_UNSAFE = re.compile(r"\bunsafe\b")


def source_files(root: Path) -> Iterator[Path]:
    """Yield every Python and Rust file below ``root``'s source folders, sorted."""
    for folder in SOURCES:
        for path in sorted((root / folder).rglob("*")):
            parts = path.relative_to(root).parts
            hidden = any(part in SKIPPED or part.startswith(".") for part in parts)
            if path.suffix in {".py", ".pyi", ".rs"} and not hidden and path.is_file():
                yield path


def python_functions(source: str) -> Iterator[tuple[str, int, int]]:
    """Yield name, first line and number of lines of every function, nested ones too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1


def blank_rust_text(source: str) -> str:
    """Return ``source`` with comments, strings and characters blanked out, every line where it was."""
    pieces: list[str] = []
    position = 0
    while match := RUST_TEXT.search(source, position):
        end = _end_of_block_comment(source, match.start()) if match.group() == "/*" else match.end()
        pieces.append(source[position : match.start()])
        pieces.append(re.sub(r"[^\n]", " ", source[match.start() : end]))
        position = end
    return "".join([*pieces, source[position:]])


def _end_of_block_comment(source: str, start: int) -> int:
    depth = 0
    for match in re.compile(r"/\*|\*/").finditer(source, start):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    return len(source)


def rust_functions(code: str) -> Iterator[tuple[str, int, int]]:
    """Yield name, first line and number of lines of every function with a body in blanked Rust."""
    for match in RUST_FUNCTION.finditer(code):
        end = _end_of_body(code, match.end())
        if end is not None:
            first = code.count("\n", 0, match.start()) + 1
            yield match[1], first, code.count("\n", match.start(), end) + 1


def _end_of_body(code: str, position: int) -> int | None:
    """Return where the body that follows ends; None for a declaration without one."""
    depth = brackets = 0
    for index in range(position, len(code)):
        match code[index]:
            case "(" | "[":
                brackets += 1
            case ")" | "]":
                brackets -= 1
            case "{":
                depth += 1
            case "}":
                depth -= 1
                if depth == 0:
                    return index
            case ";" if depth == 0 and brackets == 0:
                return None
    return None


def offences(path: Path, source: str) -> Iterator[str]:
    """Yield one line of text for everything wrong with ``source``, which stands at ``path`` below the root."""
    lines = source.count("\n")
    if lines > FILE_LINES:
        yield f"{path}: {lines} lines, at most {FILE_LINES}: split it by concept"
    rust = path.suffix == ".rs"
    code = blank_rust_text(source) if rust else source
    for name, first, length in rust_functions(code) if rust else python_functions(source):
        if length > FUNCTION_LINES:
            yield f"{path}:{first}: {name} has {length} lines, at most {FUNCTION_LINES}"
    if rust and path != UNSAFE_HOME:
        for match in RUST_UNSAFE.finditer(code):
            yield f"{path}:{code.count(chr(10), 0, match.start()) + 1}: unsafe belongs in {UNSAFE_HOME} only"


def main() -> int:
    """Print every offence; return 1 where there is one."""
    found = [
        offence
        for path in source_files(ROOT)
        for offence in offences(path.relative_to(ROOT), path.read_text(encoding="utf-8"))
    ]
    print("\n".join(found) if found else "limits: every file and function is short enough")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
