"""Run the parts of Django's own test suite that its database layer answers for, with django-bolt installed.

Part of it runs with every compiled query compared with Django's own (`scripts/verified_queries.py`).

The tests come from the source distribution of the very Django that is installed, and none is left out: where one
fails that passes with `--plain`, the fault is ours.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import django

from scripts.postgresql import PostgreSQL

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "target" / "django-suite"
LABELS = (
    "async",
    "backends",
    "basic",
    "get_or_create",
    "transaction_hooks",
    "transactions",
    # The connection handlers.
    "db_utils",
    "utils_tests.test_connection",
)
VERIFIED = (
    "aggregation",
    "defer",
    "delete",
    "expressions",
    "generic_relations",
    "generic_relations_regress",
    "lookup",
    "many_to_many",
    "many_to_one",
    "model_inheritance",
    "multiple_database",
    "null_queries",
    "ordering",
    "prefetch_related",
    "queries",
    "select_related",
    "select_related_regress",
    "update",
)
"""Run with every compiled query compared with Django's."""
COUNTS_CALLS = frozenset({"test_call_order", "test_filter_deferred"})
"""They count calls of Django's internals, of which a query that is built both ways has more."""
SETTINGS_MODULE = "suite_settings"
ENGINES = ("sqlite", "postgresql")


def tests_of(version: str) -> Path:
    """Return the folder of the tests of a released Django, downloaded where it is not in the cache yet."""
    folder = CACHE / f"django-{version}"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as temporary:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
            source = ["--no-deps", "--no-binary", "django", f"django=={version}", "--dest", temporary]
            subprocess.run([*pip, *source], check=True)
            (archive,) = Path(temporary).glob(f"[dD]jango-{version}.tar.gz")
            with tarfile.open(archive) as unpacked:
                members = [member for member in unpacked if member.name.split("/")[1:2] == ["tests"]]
                unpacked.extractall(temporary, members=members, filter="data")
            # At once, so that a run that was broken off leaves no half of it.
            shutil.move(Path(temporary) / archive.name.removesuffix(".tar.gz"), folder)
    return folder / "tests"


def databases(engine: str, stack: ExitStack) -> dict[str, Any]:
    """Return Django's `DATABASES` for the suite, which needs two; a server that it needs lives as long as `stack`."""
    if engine == "sqlite":
        return {alias: {"ENGINE": "django.db.backends.sqlite3"} for alias in ("default", "other")}
    server = stack.enter_context(PostgreSQL())
    return {alias: server.settings(server.create_database(alias)) for alias in ("default", "other")}


def settings_source(entries: dict[str, Any]) -> str:
    """Return the settings module that the suite asks for; it adds to it what its tests need."""
    return "\n".join(
        [
            f"DATABASES = {entries!r}",
            "SECRET_KEY = 'django_tests_secret_key'",
            "PASSWORD_HASHERS = ['django.contrib.auth.hashers.MD5PasswordHasher']",
            # What the suite of each version expects.
            *(["DEFAULT_AUTO_FIELD = 'django.db.models.AutoField'"] if django.VERSION < (6,) else []),
            "USE_TZ = False",
            "",
        ]
    )


def run(engine: str, labels: Sequence[str], *switches: str) -> tuple[int, list[str]]:
    """Run the suite in a process of its own, printing as it goes; return its exit code and the tests that failed."""
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        (Path(directory) / f"{SETTINGS_MODULE}.py").write_text(settings_source(databases(engine, stack)))
        path = os.pathsep.join(filter(None, [directory, os.environ.get("PYTHONPATH")]))
        suite = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "scripts.django_suite", "--child", *switches, *labels],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": SETTINGS_MODULE, "TMPDIR": directory},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        failed = []
        for line in suite.stdout or ():
            print(line, end="", flush=True)
            if match := re.match(r"(?:FAIL|ERROR|UNEXPECTED SUCCESS): (.+)", line):
                failed.append(match[1])
        code = suite.wait()
    if "--verify" in switches and failed:
        failed = [name for name in failed if name.split(" ")[0] not in COUNTS_CALLS]
        return code if failed else 0, failed
    return code, failed


def child(labels: list[str], *, plain: bool, verify: bool) -> int:
    """Run the suite in this process: as `runtests.py` does, with one more app; return 1 on failure."""
    # Before the folder changes.
    verified = importlib.import_module("scripts.verified_queries") if verify else None
    if verified:
        verified.install()
    tests = tests_of(django.__version__)
    os.chdir(tests)
    # In place of this project's folder, which has packages of its own.
    sys.path[0] = str(tests)
    runtests = importlib.import_module("runtests")
    if not plain:
        runtests.ALWAYS_INSTALLED_APPS.append("django_bolt")
    switches = dict.fromkeys(("interactive", "failfast", "keepdb", "reverse", "debug_sql", "pdb", "buffer"), False)
    unused = dict.fromkeys(("tags", "exclude_tags", "test_name_patterns", "start_at", "start_after"))
    failures = runtests.django_tests(
        verbosity=1, parallel=1, timing=False, shuffle=False, test_labels=labels, **switches, **unused
    )
    if verified:
        print("queries compiled both ways: {compiled}, by Django alone: {django}".format(**verified.CHECKED))
    return 1 if failures else 0


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m scripts.django_suite", description=__doc__)
    parser.add_argument("labels", nargs="*", help="modules or tests, as runtests.py takes them")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="only on this one; may be repeated")
    parser.add_argument("--plain", action="store_true", help="without django-bolt, to see what fails anyway")
    parser.add_argument("--verify", action="store_true", help="compile every query both ways, and compare")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    """Run the suite on every engine that there is; return 1 where a test failed."""
    options = arguments()
    if options.child:
        return child(options.labels, plain=options.plain, verify=options.verify)
    tests_of(django.__version__)
    switches = [f"--{name}" for name in ("plain", "verify") if getattr(options, name)]
    jobs = (
        [(options.labels, switches)] if options.labels else [(LABELS, switches), (VERIFIED, switches or ["--verify"])]
    )
    results = [result for engine in options.engine or ENGINES for result in on_engine(engine, jobs)]
    print("", *(text for _, text in results), sep="\n")
    return 1 if any(code for code, _ in results) else 0


def on_engine(engine: str, jobs: Sequence[tuple[Sequence[str], list[str]]]) -> Iterator[tuple[int, str]]:
    """Run labels with their switches; yield for each its exit code, and what is to be said of it."""
    reason = PostgreSQL.unavailable() if engine == "postgresql" else ""
    if reason:
        required = os.environ.get("BOLT_REQUIRE_SERVICES") == "1"
        yield (
            int(required),
            f"Django {django.__version__} on {engine}: {'NOT RUN' if required else 'skipped'}: {reason}",
        )
        return
    for labels, switches in jobs:
        title = f"Django {django.__version__} {' '.join(switches) or 'with django_bolt'} on {engine}"
        print(f"\n--- {title}", flush=True)
        code, failed = run(engine, labels, *switches)
        verdict = f"{len(failed)} FAILED" if failed else f"FAILED with exit code {code}" if code else "passed"
        yield code, "\n    ".join([f"{title}: {verdict}", *failed])


if __name__ == "__main__":
    sys.exit(main())
