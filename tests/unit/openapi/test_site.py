"""The routes of the documentation: what they are, what they answer, when they give way."""

from __future__ import annotations

import re

import msgspec
import pytest

from django_bolt.application import BoltAPI
from django_bolt.exceptions import NotFound
from django_bolt.openapi import OpenAPIConfig, OpenAPIInfo
from django_bolt.openapi.site import ASSETS, relative


async def nothing():
    return {}


def documented(*apis: BoltAPI) -> dict[str, object]:
    """Return the handlers of the documentation by path."""
    routes = [route for api in apis for _, route in api.compile()]
    documenting = apis[0].documentation(apis, routes)
    if documenting is None:
        return {}
    return {route.path: route.declaration.handler for _, route in documenting.compile()}


def document_of(*apis: BoltAPI, path: str = "/openapi.json") -> dict:
    return msgspec.json.decode(documented(*apis)[path]().as_reply()[2])


def test_one_document_for_all_that_is_served_together():
    first, second, mounted = BoltAPI("/a"), BoltAPI("/b", info=OpenAPIInfo(title="Both")), BoltAPI()
    for api in (first, second, mounted):
        api.get("/x")(nothing)
    second.mount("/m", mounted)
    document = document_of(first, second)
    assert list(document["paths"]) == ["/a/x", "/b/x", "/b/m/x"]
    assert document["info"]["title"] == "Both"


def test_the_documentation_does_not_document_itself():
    documenting = BoltAPI().documentation([BoltAPI()], [])
    assert documenting is not None
    assert all(not route.declaration.include_in_schema for _, route in documenting.compile())


def test_the_document_is_built_once():
    handler = documented(BoltAPI())["/openapi.json"]
    assert handler().as_reply()[2] is handler().as_reply()[2]


async def test_the_page_loads_nothing_from_elsewhere():
    handlers = documented(BoltAPI(info=OpenAPIInfo(title="Shop & <more>")))
    status, headers, body = (await handlers["/docs"]()).as_reply()
    page = body.decode()
    assert status == 200
    assert dict(headers)["content-type"].startswith("text/html")
    assert "Shop &amp; &lt;more&gt;" in page
    assert "//" not in page
    assert not re.search(r"<script[^>]*>[^<]", page), "an inline script needs a looser Content-Security-Policy"
    for name in re.findall(r'(?:src|href)="docs/([^"]+)"', page):
        assert name in ASSETS or f"/docs/{name}" in handlers


async def test_the_script_names_the_document():
    config = OpenAPIConfig(path="/api/docs", schema_path="/api/schema.json")
    handlers = documented(BoltAPI(openapi_config=config))
    script = (await handlers["/api/docs/start.js"]()).as_reply()[2].decode()
    assert '"../api/schema.json"' in script
    assert "validatorUrl: null" in script


@pytest.mark.parametrize("name", ASSETS)
def test_the_assets_are_there_and_may_be_cached(name):
    status, headers, body = documented(BoltAPI())["/docs/{name}"](name).as_reply()
    assert status == 200
    assert len(body) > 500
    assert dict(headers)["content-type"].startswith(ASSETS[name])
    assert "max-age" in dict(headers)["cache-control"]


@pytest.mark.parametrize("name", ["LICENSE", "swagger-ui-bundle.js.map", "..", "../redoc/LICENSE", ""])
def test_nothing_else_of_the_package_is_served(name):
    with pytest.raises(NotFound):
        documented(BoltAPI())["/docs/{name}"](name)


def test_it_can_be_turned_off():
    assert documented(BoltAPI(openapi_config=OpenAPIConfig(enabled=False))) == {}


def test_the_paths_belong_to_the_server_not_to_a_prefix():
    assert {"/docs", "/openapi.json"} < set(documented(BoltAPI("/api")))


@pytest.mark.parametrize(
    ("path", "page", "expected"),
    [
        ("/openapi.json", "/docs", "openapi.json"),
        ("/openapi.json", "/api/docs", "../openapi.json"),
        ("/api/openapi.json", "/docs", "api/openapi.json"),
    ],
)
def test_paths_relative_to_the_page(path, page, expected):
    assert relative(path, page) == expected
