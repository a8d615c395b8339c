"""Finding applications: beside the settings, in installed apps, once each."""

from __future__ import annotations

import importlib
import itertools
import sys
from pathlib import Path

import pytest

from django_bolt._plan.errors import PlanError
from django_bolt.discovery import ImportFailed, NoAPIFound, candidates, discover, import_existing

API = "from django_bolt.application import BoltAPI\napi = BoltAPI('{prefix}')\n"
numbers = itertools.count()


@pytest.fixture
def project(tmp_path, monkeypatch, settings):
    """Write a project's files, install its apps and return its package's name; nothing of it stays imported."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    name = f"project_{next(numbers)}"

    def write(files: dict[str, str], *, apps: tuple[str, ...] = (), settings_module: str = "{name}.settings") -> str:
        for path, text in {f"{name}/__init__.py": "", f"{name}/settings.py": "", **files}.items():
            target = tmp_path / path.replace("PROJECT", name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        importlib.invalidate_caches()
        monkeypatch.setenv("DJANGO_SETTINGS_MODULE", settings_module.format(name=name))
        settings.INSTALLED_APPS = [app.replace("PROJECT", name) for app in apps]
        return name

    yield write
    for module in set(sys.modules) - before:
        del sys.modules[module]


def prefixes() -> list[str]:
    return [api.prefix for api in discover()]


def test_beside_the_settings_and_in_every_app_in_this_order(project):
    project(
        {
            "PROJECT/api.py": API.format(prefix="/project"),
            "PROJECT/bolt_api.py": API.format(prefix="/project-too"),
            "PROJECT/shop/__init__.py": "",
            "PROJECT/shop/api.py": API.format(prefix="/shop"),
            "PROJECT/blog/__init__.py": "",
            "PROJECT/blog/bolt_api.py": API.format(prefix="/blog"),
            "PROJECT/empty/__init__.py": "",
        },
        apps=("PROJECT.shop", "PROJECT.blog", "PROJECT.empty"),
    )
    assert prefixes() == ["/project", "/project-too", "/shop", "/blog"]


def test_every_module_level_application_whatever_its_name(project):
    project({"PROJECT/api.py": API.format(prefix="/one") + "second = BoltAPI('/two')\nmore = [BoltAPI('/hidden')]\n"})
    assert prefixes() == ["/one", "/two"]


def test_an_application_imported_from_elsewhere_counts_once(project):
    name = project(
        {"PROJECT/api.py": API.format(prefix="/one"), "PROJECT/bolt_api.py": "from .api import api\nagain = api\n"}
    )
    assert prefixes() == ["/one"]
    assert discover()[0] is sys.modules[f"{name}.api"].api


def test_the_project_package_as_an_app_is_looked_at_once(project):
    project({"PROJECT/api.py": API.format(prefix="/one")}, apps=("PROJECT",))
    assert prefixes() == ["/one"]


def test_a_mounted_application_is_served_where_it_is_mounted(project):
    project(
        {
            "PROJECT/api.py": "from django_bolt.application import BoltAPI\nfrom .shop.api import api as shop\n"
            "api = BoltAPI('/api')\nversion = BoltAPI('/v1')\nversion.mount('/shop', shop)\napi.mount('/', version)\n",
            "PROJECT/shop/__init__.py": "",
            "PROJECT/shop/api.py": API.format(prefix="/shop"),
        },
        apps=("PROJECT.shop",),
    )
    assert prefixes() == ["/api"]


def test_a_package_named_api(project):
    project({"PROJECT/api/__init__.py": "from .v1 import api\n", "PROJECT/api/v1.py": API.format(prefix="/v1")})
    assert prefixes() == ["/v1"]


def test_a_top_level_settings_module_has_top_level_neighbours(project):
    project({}, settings_module="settings")
    assert candidates() == ["api", "bolt_api"]


def test_split_settings_belong_to_the_package_around_them(project):
    name = project(
        {
            "PROJECT/config/__init__.py": "",
            "PROJECT/config/settings/__init__.py": "",
            "PROJECT/config/settings/production.py": "",
            "PROJECT/config/api.py": API.format(prefix="/config"),
        },
        settings_module="{name}.config.settings.production",
    )
    assert prefixes() == ["/config"]
    assert candidates()[0] == f"{name}.config.settings.api"


def test_none_at_all_says_where_it_looked(project):
    name = project({"PROJECT/api.py": "api = None\n"}, apps=("django.contrib.contenttypes",))
    with pytest.raises(NoAPIFound) as caught:
        discover()
    for place in (f"{name}.api", f"{name}.bolt_api", "django.contrib.contenttypes.api"):
        assert place in str(caught.value)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import nowhere_to_be_found\n", ModuleNotFoundError),
        ("1 / 0\n", ZeroDivisionError),
        ("def broken(:\n", SyntaxError),
    ],
)
def test_what_a_module_raises_is_named_with_the_module(project, source, error):
    name = project({"PROJECT/api.py": source})
    with pytest.raises(ImportFailed, match=rf"^Cannot import {name}\.api: {error.__name__}: ") as caught:
        discover()
    assert type(caught.value.__cause__) is error


def test_a_wrong_declaration_comes_through(project):
    source = API.format(prefix="") + "@api.get('/x')\nasync def more(*names): ...\n"
    project({"PROJECT/api.py": source})
    with pytest.raises(PlanError, match=r"\*names"):
        discover()


def test_settings_without_a_module_leave_the_apps(project, monkeypatch):
    project({"PROJECT/shop/__init__.py": "", "PROJECT/shop/api.py": API.format(prefix="/shop")}, apps=("PROJECT.shop",))
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE")
    assert prefixes() == ["/shop"]


def test_the_file_beside_the_settings_is_the_one_imported(project):
    name = project({"PROJECT/api.py": API.format(prefix="/one")})
    discover()
    assert Path(sys.modules[f"{name}.api"].__file__).parent.name == name


def test_an_app_that_is_a_module_has_no_modules_in_it() -> None:
    # All commands look for applications, by their checks.
    assert import_existing(["json.decoder.api", "json.api"]) == []
