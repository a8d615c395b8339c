"""The markers as data: what they record and what they refuse."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest
from msgspec import UNSET

from django_bolt import param_functions, params
from django_bolt.dependencies import Dependency
from django_bolt.params import Body, Cookie, Depends, File, FileMarker, Form, Header, Marker, Path, Query


@pytest.mark.parametrize(
    ("factory", "source"),
    [(Query, "query"), (Path, "path"), (Header, "header"), (Cookie, "cookie"), (Form, "form"), (Body, "body")],
)
def test_each_factory_records_its_source_and_options(factory, source):
    marker = factory(10, alias="a", ge=1, le=100, title="T", description="D", example=3, examples=[4], deprecated=True)
    assert isinstance(marker, Marker)
    assert (marker.source, marker.default, marker.alias) == (source, 10, "a")
    assert marker.constraints == {"ge": 1, "le": 100}
    assert (marker.title, marker.description, marker.deprecated) == ("T", "D", True)
    assert marker.all_examples == (3, 4)


def test_every_constraint_is_told_by_name():
    given = {"gt": 0, "lt": 9, "multiple_of": 3, "min_length": 1, "max_length": 2, "pattern": "a"}
    assert Query(**given).constraints == given


def test_no_default_is_told_from_the_default_none():
    assert Query().default is UNSET
    assert Query(None).default is None


def test_no_example_is_told_from_the_example_none():
    assert Query().all_examples == ()
    assert Query(example=None).all_examples == (None,)


def test_an_unknown_option_is_a_type_error():
    with pytest.raises(TypeError, match="regex"):
        Query(regex="a")


def test_markers_are_frozen():
    for marker in (Query(1), File(), Depends(len)):
        name = dataclasses.fields(marker)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(marker, name, 2)


def test_body_records_whether_it_embeds():
    assert Body(embed=True).embed is True
    assert Body().embed is False


def test_file_records_its_limits():
    marker = File(max_size=10, min_size=1, allowed_types=["image/*"], max_files=2, alias="f")
    assert isinstance(marker, FileMarker)
    assert (marker.max_size, marker.min_size, marker.allowed_types, marker.max_files) == (10, 1, ["image/*"], 2)
    assert marker.source == "file"


def test_depends_records_its_callable():
    assert Depends(len, use_cache=False) == Dependency(len, use_cache=False)
    assert Depends() == Dependency(None)


def test_the_other_module_has_the_same_names():
    assert param_functions.__all__ == params.__all__
    assert all(getattr(param_functions, name) is getattr(params, name) for name in params.__all__)


def test_markers_are_imported_without_django():
    code = "import sys, django_bolt.params; print('django' in sys.modules, 'django_bolt._core' in sys.modules)"
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "django_bolt._core" not in found.stderr
    assert found.stdout.split()[1] == "False"
