"""The tables of docs/runbolt.md: every setting, every flag, their defaults."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from django_bolt._server.flags import GROUPS
from django_bolt.conf import Configuration

TEXT = (Path(__file__).parents[3] / "docs/runbolt.md").read_text()
# The tables of flags and settings; other sections say more about some of them.
TABLES = TEXT.partition("\n## Flags and settings\n")[2].partition("\n## ")[0]
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLES.splitlines() if line.startswith("|")]
SETTINGS = {name: row for row in ROWS if len(row) == 4 for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", row[1])}
# Defaults that are told in words.
WORDS = {"HOST", "ORM_BRIDGE", "DEBUG", "ACCESS_LOG_MASK", "UNIX_SOCKET_MODE"}


def test_the_tables_name_every_setting_and_no_other():
    assert set(SETTINGS) == {field.name.upper() for field in fields(Configuration)} | {"WORKERS"}


@pytest.mark.parametrize("field", fields(Configuration), ids=lambda field: field.name)
def test_defaults_are_those_of_the_tables(field):
    default = SETTINGS[field.name.upper()][2]
    if field.name.upper() in WORDS:
        assert default
        return
    value = int(field.default) if isinstance(field.default, float) else field.default
    assert default.replace('"', "'") == f"`{value!r}`"


def test_every_flag_stands_beside_its_setting():
    told = {
        (flag, name) for row in SETTINGS.values() for flag in re.findall(r"`(--[a-z-]+)`", row[0])
        for name in re.findall(r"`([A-Z_0-9]+)`", row[1])
    }  # fmt: skip
    known = {(flag.name, flag.setting.upper()) for flags in GROUPS.values() for flag in flags}
    assert known <= told
    assert {flag for flag, _ in told} == {flag for flag, _ in known}
