"""Fail where a module imports the package root, or the compiled core without leave.

import-linter holds the layers; what it cannot see, because neither is a module with source, is held here.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "python" / "django_bolt"
CORE = "django_bolt._core"
CORE_USERS = {"request", "_runtime", "_server", "testing"}


def imported(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """Yield line and full dotted name of everything that ``tree``, a module of ``package``, imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def offences(path: Path, source: str, package: Path) -> Iterator[str]:
    """Yield one line of text for every import in ``path`` that is against the rules."""
    parts = path.relative_to(package).with_suffix("").parts
    below_root = {entry.stem for entry in package.iterdir()}
    for line, name in imported(ast.parse(source), ".".join([package.name, *parts[:-1]])):
        owner, _, rest = name.partition(".")
        if owner != package.name:
            continue
        if name.startswith(CORE):
            if parts[0] not in CORE_USERS:
                yield f"{path}:{line}: only {', '.join(sorted(CORE_USERS))} import the compiled core"
        elif rest.split(".")[0] not in below_root:
            yield f"{path}:{line}: imports the package root; import from the module that defines the name"


def main() -> int:
    """Print every import that is against the rules; return 1 where there is one."""
    found = [
        offence
        for path in sorted(PACKAGE.rglob("*.py"))
        # The root itself is a list of re-exports.
        if path != PACKAGE / "__init__.py"
        for offence in offences(path, path.read_text(encoding="utf-8"), PACKAGE)
    ]
    print("\n".join(found) if found else "imports: nobody imports the root, only its users the core")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
