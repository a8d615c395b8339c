"""What runs behind Django's middleware: the seven classes of `startproject`, which are the example's settings."""

from django_bolt import BoltAPI, Request

api = BoltAPI("/stack", django_middleware=True)


@api.get("/hello")
async def hello():
    return {"message": "Hello, world!"}


@api.get("/def/hello")
def hello_in_a_thread():
    return {"message": "Hello, world!"}


@api.get("/me")
async def me(request: Request):
    user = await request.auser()
    return {"id": user.id, "username": user.username}
