"""The example's own endpoints, and further ways to reach its database."""

import msgspec
from blog.models import Comment
from blog.schemas import UserSchema
from blog_site.api import api as example  # found here, as it is by the example's own settings
from django.contrib.auth.models import User

from bolt_site.stack import api as stack  # found here, too
from django_bolt import BoltAPI
from django_bolt.auth import IsAuthenticated, JWTAuthentication
from django_bolt.middleware import cors, rate_limit

__all__ = ["api", "example", "stack"]

api = BoltAPI()


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


class CommentSchema(msgspec.Struct):
    id: int
    article_id: int
    name: str
    text: str


@api.post("/articles/{article_id}/comments", response_model=CommentSchema, status_code=201)
async def create_comment(article_id: int, comment: CommentInput):
    return await Comment.objects.acreate(article_id=article_id, name=comment.name, text=comment.text)


@api.get("/guarded/hello", auth=[JWTAuthentication()], guards=[IsAuthenticated()])
async def guarded_hello():
    return {"message": "Hello, world!"}


@api.get("/cors-rate/hello")
@cors(allow_origins=["https://site.example"])
@rate_limit(requests=100_000_000, window=60)
async def cors_rate_hello():
    return {"message": "Hello, world!"}
