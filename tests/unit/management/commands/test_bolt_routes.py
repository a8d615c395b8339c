"""`bolt_routes`, on the project that the server's tests serve."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3] / "server" / "project"
KEYS = [
    "method",
    "path",
    "handler",
    "kind",
    "name",
    "status",
    "inline",
    "shield",
    "timeout",
    "max_body",
    "deprecated",
    "include_in_schema",
    "tags",
    "guards",
    "built_in",
]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "bolt_routes", *arguments],
        cwd=PROJECT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "mysite.settings", **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture(scope="module")
def listed() -> list[dict[str, object]]:
    return json.loads(run("--json").stdout)


def test_json_has_the_documented_keys(listed):
    assert all(list(route) == KEYS for route in listed)
    assert next(route for route in listed if route["path"] == "/shop/ping")["handler"] == "shop.api.ping"
    assert [route["path"] for route in listed if route["kind"] == "rust"] == ["/health", "/ready"]


def test_filters(listed):
    found = json.loads(run("--json", "--method", "post", "--path", "/s").stdout)
    expected = [route for route in listed if route["method"] == "POST" and "/s" in str(route["path"])]
    assert found == expected


def test_the_table_names_what_json_does(listed):
    heading, *lines = run("--no-color").stdout.splitlines()
    assert heading.split() == ["Method", "Path", "Handler", "Kind", "Name", "Flags"]
    assert [tuple(line.split()[:3]) for line in lines] == [
        (route["method"], route["path"], route["handler"]) for route in listed
    ]
    assert "\x1b" not in "".join(lines)


def test_colours_on_request_only():
    assert "\x1b[" in run("--force-color", "--path", "/health").stdout
    assert "\x1b[" not in run("--path", "/health").stdout


def test_no_route():
    assert run("--path", "/nowhere").stdout == "No route fits.\n"
    assert json.loads(run("--path", "/nowhere", "--json").stdout) == []


def test_wrong_settings_are_one_line():
    refused = run(PROJECT_BOLT='{"PROT": 1}')
    assert (refused.returncode, refused.stdout, len(refused.stderr.splitlines())) == (1, "", 1)
