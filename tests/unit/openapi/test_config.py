"""What a project may say about its documentation."""

from __future__ import annotations

import pytest

from django_bolt.openapi import OpenAPIConfig, OpenAPIInfo


def test_what_the_configuration_says_beats_the_information():
    info = OpenAPIInfo(title="Shop", version="2.0", description="Sells.")
    assert OpenAPIConfig().information(info) == info
    assert OpenAPIConfig(title="Shop API").information(info) == OpenAPIInfo(
        title="Shop API", version="2.0", description="Sells."
    )


@pytest.mark.parametrize("path", ["docs", "/docs/", "/", "", "/{page}"])
@pytest.mark.parametrize("name", ["path", "schema_path"])
def test_a_wrong_path_is_refused(name, path):
    with pytest.raises(ValueError, match=name):
        OpenAPIConfig(**{name: path})


def test_both_paths_differ():
    with pytest.raises(ValueError, match="must differ"):
        OpenAPIConfig(path="/api", schema_path="/api")
