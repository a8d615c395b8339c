"""The endpoints of the example, as a user of the peer would write them."""

# ruff: noqa: ANN201, ANN202
from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Annotated

import msgspec
from blog.models import Article, Comment
from blog.schemas import UserSchema
from django.conf import settings
from django.contrib.auth.models import User
from msgspec import Meta

from django_bolt import BoltAPI
from django_bolt.auth import IsAuthenticated, JWTAuthentication
from django_bolt.middleware import cors, rate_limit
from django_bolt.responses import HTML, Redirect
from django_bolt.serializers import Serializer
from peer_site.stack import api as stack

api = BoltAPI()
api.mount("/stack", stack)


@api.get("/hello")
async def hello():
    return {"message": "Hello, world!"}


@api.get("/items/{item_id}")
async def read_item(item_id: int, q: str | None = None):
    return {"item_id": item_id, "q": q}


@api.get("/sleep")
async def sleep():
    await asyncio.sleep(0)
    return {"slept": True}


PAGE = """<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>Example blog</title></head>
  <body><h1>Example blog</h1><p>Served by django-bolt. <a href="/docs">Try the API</a>.</p></body>
</html>
"""


@api.get("/page")
async def page():
    return HTML(PAGE)


@api.get("/redirect")
async def redirect():
    return Redirect("/page", status_code=302)


class Address(msgspec.Struct):
    street: str
    city: str
    zip_code: Annotated[str, Meta(pattern=r"^[0-9]{5}$")]
    country: Annotated[str, Meta(min_length=2, max_length=2)] = "US"


class Customer(msgspec.Struct):
    id: int
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    email: Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+$")]
    address: Address


class OrderLine(msgspec.Struct):
    product_id: int
    name: str
    quantity: Annotated[int, Meta(ge=1, le=1000)]
    unit_price: Annotated[float, Meta(ge=0)]
    tags: list[str] = []


class Order(msgspec.Struct):
    reference: Annotated[str, Meta(min_length=1, max_length=40)]
    ordered_on: date
    customer: Customer
    lines: Annotated[list[OrderLine], Meta(min_length=1)]
    note: str | None = None


class OrderSummary(msgspec.Struct):
    reference: str
    city: str
    lines: int
    quantity: int
    total: float


@api.post("/orders")
async def create_order(order: Order) -> OrderSummary:
    return OrderSummary(
        reference=order.reference,
        city=order.customer.address.city,
        lines=len(order.lines),
        quantity=sum(line.quantity for line in order.lines),
        total=round(sum(line.quantity * line.unit_price for line in order.lines), 2),
    )


PAGE_SIZE = 20


@api.get("/users", response_model=list[UserSchema])
async def list_users():
    return User.objects.order_by("id")[:10]


@api.get("/users/{user_id}", response_model=UserSchema)
async def get_user(user_id: int):
    return await User.objects.aget(id=user_id)


@api.get("/async-for/users")
async def list_users_one_by_one():
    return [
        {
            "id": user.id,
            "username": user.username,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "email": user.email,
        }
        async for user in User.objects.order_by("id")[:10]
    ]


@api.get("/def/users/{user_id}", response_model=UserSchema)
def get_user_in_a_thread(user_id: int):
    return User.objects.get(id=user_id)


class CommentInput(msgspec.Struct):
    name: str
    text: str


class CommentCreated(msgspec.Struct):
    id: int
    article_id: int
    name: str
    text: str


@api.post("/articles/{article_id}/comments", response_model=CommentCreated, status_code=201)
async def create_comment(article_id: int, comment: CommentInput):
    return await Comment.objects.acreate(article_id=article_id, name=comment.name, text=comment.text)


# The peer reads nested models through its own Serializer only, not through Structs.


class AuthorSchema(Serializer):
    id: int
    name: str


class TagSchema(Serializer):
    id: int
    name: str


class CommentSchema(Serializer):
    id: int
    name: str
    text: str
    created_at: datetime


class ArticleSummary(Serializer):
    id: int
    title: str
    published: bool
    created_at: datetime
    author: AuthorSchema
    tags: list[TagSchema]


class ArticleSchema(ArticleSummary):
    body: str
    comments: list[CommentSchema]


@api.get("/articles", response_model=list[ArticleSummary])
async def list_articles(page: int = 1):
    first = (page - 1) * PAGE_SIZE
    articles = Article.objects.select_related("author").prefetch_related("tags").order_by("id")
    return articles[first : first + PAGE_SIZE]


@api.get("/articles/{article_id}", response_model=ArticleSchema)
async def get_article(article_id: int):
    return await Article.objects.select_related("author").prefetch_related("tags", "comments").aget(id=article_id)


@api.get("/guarded/hello", auth=[JWTAuthentication(secret=settings.JWT_SECRET_KEY)], guards=[IsAuthenticated()])
async def guarded_hello():
    return {"message": "Hello, world!"}


@api.get("/cors-rate/hello")
@cors(origins=["https://site.example"])
@rate_limit(rps=1_000_000, burst=2_000_000)
async def cors_rate_hello():
    return {"message": "Hello, world!"}
