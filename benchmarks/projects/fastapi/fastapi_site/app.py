"""The endpoints, as FastAPI's and SQLAlchemy's documentation write them."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from fastapi_site.tables import Comment, User, sessions

app = FastAPI()


async def open_session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(open_session)]


class Greeting(BaseModel):
    message: str


class Item(BaseModel):
    item_id: int
    q: str | None


class UserSchema(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    username: str
    first_name: str
    last_name: str
    email: str


class CommentInput(BaseModel):
    name: str
    text: str


class CommentSchema(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    article_id: int
    name: str
    text: str


@app.get("/hello")
async def hello() -> Greeting:
    return Greeting(message="Hello, world!")


@app.get("/items/{item_id}")
async def read_item(item_id: int, q: str | None = None) -> Item:
    return Item(item_id=item_id, q=q)


@app.get("/users", response_model=list[UserSchema])
async def list_users(session: Session):
    return (await session.scalars(select(User).order_by(User.id).limit(10))).all()


@app.get("/async-for/users", response_model=list[UserSchema])
async def list_users_one_by_one(session: Session):
    return [user async for user in await session.stream_scalars(select(User).order_by(User.id).limit(10))]


@app.get("/users/{user_id}", response_model=UserSchema)
async def get_user(user_id: int, session: Session):
    user = await session.get(User, user_id)
    if user is None:
        raise HTTPException(404, f"No user {user_id}")
    return user


@app.post("/articles/{article_id}/comments", response_model=CommentSchema, status_code=201)
async def create_comment(article_id: int, data: CommentInput, session: Session):
    comment = Comment(article_id=article_id, name=data.name, text=data.text)
    session.add(comment)
    await session.commit()
    return comment
