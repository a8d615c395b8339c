"""What a project may say about its documentation: plain data, checked when it is made.

Nothing here builds or serves the documentation.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class OpenAPIInfo:
    """The head of an OpenAPI document: the API's title, its version and a description (CommonMark)."""

    title: str = "API"
    version: str = "1.0.0"
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class OpenAPIConfig:
    """Where the documentation is served, and whether.

    `path` is the page's, `schema_path` the document's; both start with a slash and belong to the whole server,
    whatever prefixes its APIs have. `enabled=False` serves neither. `title`, `version` and `description` take the
    place of those of `BoltAPI(info=)` where given. Raises `ValueError` for a wrong path.
    """

    path: str = "/docs"
    schema_path: str = "/openapi.json"
    enabled: bool = True
    title: str | None = None
    version: str | None = None
    description: str | None = None

    def __post_init__(self) -> None:
        for name, path in (("path", self.path), ("schema_path", self.schema_path)):
            if not path.startswith("/") or path.endswith("/") or "{" in path:
                raise ValueError(
                    f"OpenAPIConfig({name}={path!r}): expected a path like '/docs', "
                    "with a slash at its start, none at its end and no parameters"
                )
        if self.path == self.schema_path:
            raise ValueError(f"OpenAPIConfig: path and schema_path are both {self.path!r}; they must differ")

    def information(self, info: OpenAPIInfo) -> OpenAPIInfo:
        """Return `info` with what is given here in its place."""
        return OpenAPIInfo(
            title=info.title if self.title is None else self.title,
            version=info.version if self.version is None else self.version,
            description=info.description if self.description is None else self.description,
        )
