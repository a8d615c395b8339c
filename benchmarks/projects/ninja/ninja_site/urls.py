"""The endpoints, as Django Ninja's documentation writes them, and where they are."""

from django.urls import path
from ninja import NinjaAPI, Schema

api = NinjaAPI()


class UserSchema(Schema):
    id: int
    username: str


@api.get("/hello")
async def hello(request):
    return {"message": "Hello, world!"}


@api.get("/def/hello")
def hello_in_a_thread(request):
    return {"message": "Hello, world!"}


@api.get("/me", response=UserSchema)
async def me(request):
    return await request.auser()


urlpatterns = [path("stack/", api.urls)]
