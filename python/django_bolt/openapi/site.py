"""The routes that show the documentation: the OpenAPI document and Swagger UI, nothing loaded from elsewhere.

What is in the document is decided in `document`.
"""

from __future__ import annotations

import functools
import html
import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import msgspec

from django_bolt._plan.compile import Route
from django_bolt.exceptions import NotFound
from django_bolt.openapi.config import OpenAPIConfig, OpenAPIInfo
from django_bolt.openapi.document import build_document
from django_bolt.responses import Response
from django_bolt.router import Routes

# Swagger UI as the package drf-spectacular-sidecar carries it: what the page loads, and nothing else of it.
ASSETS = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
# Name of the route that answers with the page.
PAGE_NAME = "django_bolt:documentation"
A_DAY = {"Cache-Control": "public, max-age=86400"}
REVALIDATE = {"Cache-Control": "no-cache"}

# The page names its files relative to itself, so it works below whatever path a proxy serves it.
PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{title}</title>
    <link rel="icon" type="image/png" href="{base}/favicon-32x32.png">
    <link rel="stylesheet" href="{base}/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="{base}/swagger-ui-bundle.js"></script>
    <script src="{base}/start.js"></script>
  </body>
</html>
"""
# In a file of its own: a Content-Security-Policy without inline scripts lets it run. No validator elsewhere is asked.
START = """SwaggerUIBundle({{
  url: new URL({schema}, document.baseURI).href,
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
}});
"""


def add_documentation(api: Routes, routes: Sequence[Route], config: OpenAPIConfig, info: OpenAPIInfo) -> None:
    """Register on `api` the routes that show `routes`, at the paths that `config` names."""
    info = config.information(info)
    page = PAGE.format(title=html.escape(info.title), base=html.escape(config.path.rpartition("/")[2]))
    start = START.format(schema=json.dumps(relative(config.schema_path, config.path)))

    @functools.cache
    def document() -> bytes:
        return msgspec.json.encode(build_document(routes, info))

    @api.get(config.schema_path)
    def openapi_document() -> Any:
        return Response(document(), media_type="application/json", headers=REVALIDATE)

    @api.get(config.path, name=PAGE_NAME)
    async def swagger_ui() -> Any:
        return Response(page, media_type="text/html", headers=REVALIDATE)

    @api.get(f"{config.path}/start.js")
    async def swagger_ui_start() -> Any:
        return Response(start, media_type="text/javascript", headers=REVALIDATE)

    @api.get(f"{config.path}/{{name}}")
    def swagger_ui_asset(name: str) -> Any:
        if name not in ASSETS:
            raise NotFound
        return Response(asset(name), media_type=ASSETS[name], headers=A_DAY)


def page_path(routes: Sequence[Route]) -> str | None:
    """Return the path of the page that shows the documentation, where `routes` have one."""
    return next((route.path for route in routes if route.declaration.name == PAGE_NAME), None)


def asset(name: str) -> bytes:
    """Return one of Swagger UI's files."""
    folder = files("drf_spectacular_sidecar") / "static" / "drf_spectacular_sidecar" / "swagger-ui-dist"
    return (folder / name).read_bytes()


def relative(path: str, page: str) -> str:
    """Return `path` as it is named from `page`; both start with a slash."""
    return "../" * (page.count("/") - 1) + path.removeprefix("/")
