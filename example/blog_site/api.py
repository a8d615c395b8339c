"""Endpoints without a database: a tour of parameters, bodies and responses.

`api.py` beside `settings.py` is found by itself, and so is the one of every installed app (`blog/api.py`).
"""

import asyncio
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from django_bolt import BoltAPI
from django_bolt.openapi import OpenAPIInfo
from django_bolt.responses import HTML, Redirect

api = BoltAPI(
    info=OpenAPIInfo(title="Example blog", version="1.0.0", description="A small site served by django-bolt.")
)


@api.get("/hello", tags=["basics"])
async def hello():
    """Say hello: a dict becomes JSON."""
    return {"message": "Hello, world!"}


@api.get("/items/{item_id}", tags=["basics"])
async def read_item(item_id: int, q: str | None = None):
    """Take one parameter from the path, converted to int, and an optional one from the query string."""
    return {"item_id": item_id, "q": q}


@api.get("/sleep", tags=["basics"])
async def sleep():
    """Await: other requests run meanwhile."""
    await asyncio.sleep(0)
    return {"slept": True}


@api.get("/threads", tags=["basics"])
def in_a_thread():
    """Block if you must: a plain function runs in a thread of its own."""
    return {"message": "Hello from a plain function!"}


PAGE = """<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>Example blog</title></head>
  <body><h1>Example blog</h1><p>Served by django-bolt. <a href="/docs">Try the API</a>.</p></body>
</html>
"""


@api.get("/", include_in_schema=False)
@api.get("/page", tags=["basics"])
async def page():
    """Answer with HTML: here, and at the root of the site."""
    return HTML(PAGE)


@api.get("/redirect", tags=["basics"])
async def redirect():
    """Send the client elsewhere."""
    return Redirect("/page")


class Address(msgspec.Struct):
    """Where an order goes."""

    street: str
    city: str
    zip_code: Annotated[str, Meta(pattern=r"^[0-9]{5}$")]
    country: Annotated[str, Meta(min_length=2, max_length=2)] = "US"


class Customer(msgspec.Struct):
    """Who orders."""

    id: int
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    email: Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+$")]
    address: Address


class OrderLine(msgspec.Struct):
    """One product of an order."""

    product_id: int
    name: str
    quantity: Annotated[int, Meta(ge=1, le=1000)]
    unit_price: Annotated[float, Meta(ge=0)]
    tags: list[str] = []


class Order(msgspec.Struct):
    """An order as a client sends it."""

    reference: Annotated[str, Meta(min_length=1, max_length=40)]
    ordered_on: date
    customer: Customer
    lines: Annotated[list[OrderLine], Meta(min_length=1)]
    note: str | None = None


class OrderSummary(msgspec.Struct):
    """What the shop answers."""

    reference: str
    city: str
    lines: int
    quantity: int
    total: float


@api.post("/orders", tags=["orders"])
async def create_order(order: Order) -> OrderSummary:
    """Validate a nested JSON body; what is wrong in it is answered with 422 and the place of the mistake."""
    return OrderSummary(
        reference=order.reference,
        city=order.customer.address.city,
        lines=len(order.lines),
        quantity=sum(line.quantity for line in order.lines),
        total=round(sum(line.quantity * line.unit_price for line in order.lines), 2),
    )
