"""The example as a newcomer starts it: its commands, its data, its API. Serving it is tested elsewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "example"
PACKAGE = EXAMPLE.parent / "python"

COUNTS = {"Author": 50, "Tag": 100, "Article": 500, "Comment": 2000}
SCRIPT = """
import hashlib, json
from django.core import serializers
from blog.models import Article, Author, Comment, Tag
rows = {model.__name__: list(model.objects.order_by("id")) for model in (Author, Tag, Article, Comment)}
text = "".join(serializers.serialize("json", found) for found in rows.values())
print(json.dumps([{name: len(found) for name, found in rows.items()}, hashlib.sha256(text.encode()).hexdigest()]))
"""


class Site:
    """The example with a database of its own."""

    def __init__(self, folder: Path) -> None:
        python_path = os.pathsep.join([str(PACKAGE), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "blog_site.settings",
            "DATABASE": str(folder / "db.sqlite3"),
            "PYTHONPATH": python_path,
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=EXAMPLE, env=self.environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def contents(self) -> tuple[dict[str, int], str]:
        counts, digest = json.loads(self.manage("shell", "--verbosity", "0", "--command", SCRIPT))
        return counts, digest


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Site:
    site = Site(tmp_path_factory.mktemp("example"))
    site.manage("migrate", "--verbosity", "0")
    site.manage("load_demo")
    return site


def test_the_checks_pass_and_no_migration_is_missing(site):
    site.manage("check", "--fail-level", "WARNING")
    site.manage("makemigrations", "--check", "--dry-run")


def test_the_demo_data_is_the_same_every_time(site, tmp_path):
    counts, digest = site.contents()
    assert counts == COUNTS
    other = Site(tmp_path)
    other.manage("migrate", "--verbosity", "0")
    printed = other.manage("load_demo")
    assert other.contents() == (counts, digest)
    assert " 500 articles" in printed


def test_loading_it_again_changes_nothing(site):
    before = site.contents()
    assert "nothing to do" in site.manage("load_demo")
    assert site.contents() == before


def test_every_endpoint_of_the_readme_exists(site):
    script = (
        "from django_bolt.discovery import discover\n"
        "print([(route.method, route.path) for api in discover() for _, route in api.compile()])"
    )
    routes = eval(site.manage("shell", "--verbosity", "0", "--command", script))
    patterns = [(method, re.compile(re.sub(r"\{[^}]*\}", "[^/]+", path))) for method, path in routes]
    readme = (EXAMPLE / "README.md").read_text()
    calls = re.findall(r"curl (?:-i )?(?:-X (\w+) )?'?http://127\.0\.0\.1:8000(/[^\s?']*)", readme)
    assert len(calls) > 10
    for method, path in calls:
        assert any(method_ == (method or "GET") and pattern.fullmatch(path) for method_, pattern in patterns), path
