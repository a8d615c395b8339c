"""What the blog's API takes and answers."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta


class UserSchema(msgspec.Struct):
    """A user without secrets."""

    id: int
    username: str
    first_name: str
    last_name: str
    email: str


class AuthorSchema(msgspec.Struct):
    """Who wrote an article."""

    id: int
    name: str


class TagSchema(msgspec.Struct):
    """A tag of an article."""

    id: int
    name: str


class CommentSchema(msgspec.Struct):
    """What a reader said."""

    id: int
    name: str
    text: str
    created_at: datetime


class ArticleSummary(msgspec.Struct):
    """An article in a list."""

    id: int
    title: str
    published: bool
    created_at: datetime
    author: AuthorSchema
    tags: list[TagSchema]


class ArticleSchema(ArticleSummary):
    """A whole article."""

    body: str
    comments: list[CommentSchema]


class ArticleInput(msgspec.Struct):
    """An article as a client writes it."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    body: str
    author_id: int
    tag_ids: list[int] = []
    published: bool = True
