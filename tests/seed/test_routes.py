"""The document's routes, parameters and bodies, as they are written there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from django.contrib.auth import get_user_model

from django_bolt import BoltAPI
from django_bolt.testing import TestClient
from tests.testapp.models import Item

User = get_user_model()


class Account(Item):
    """Stands for a model whose balance is a float."""

    class Meta:
        proxy = True
        app_label = "testapp"

    @property
    def balance(self) -> float:
        return float(self.price)

    @balance.setter
    def balance(self, value: float) -> None:
        self.price = Decimal(str(value))


@pytest.mark.django_db
def test_quick_start(run: Any) -> None:
    snippet = run("""
        # api.py
        from django_bolt import BoltAPI
        from django.contrib.auth import get_user_model
        import msgspec
        User = get_user_model()
        api = BoltAPI()
        class UserSchema(msgspec.Struct):
            id: int
            username: str
        @api.get("/users/{user_id}")
        async def get_user(user_id: int) -> UserSchema:
            # Response is type validated
            user = await User.objects.aget(id=user_id)
            # Django ORM works without any setup
            return {"id": user.id, "username": user.username}
    """)
    user = User.objects.create_user("someone")
    with TestClient(snippet.api) as client:
        assert client.get(f"/users/{user.id}").json() == {"id": user.id, "username": "someone"}
        assert client.get("/users/x").status_code == 422


def test_basic_routes(run: Any) -> None:
    snippet = run("""
        from django_bolt import BoltAPI
        api = BoltAPI()
        @api.get("/endpoint")
        async def get_handler(request):
            return {"message": "GET"}
        @api.post("/endpoint")
        async def post_handler(request):
            data = await request.json()
            return {"received": data}
        @api.put("/endpoint")
        async def put_handler(request):
            return {"message": "PUT"}
        @api.delete("/endpoint/{id}")
        async def delete_handler(id: int):
            return {"deleted": id}
        @api.patch("/endpoint")
        async def patch_handler(request):
            return {"message": "PATCH"}
    """)
    with TestClient(snippet.api) as client:
        assert client.get("/endpoint").json() == {"message": "GET"}
        assert client.post("/endpoint", json={"a": 1}).json() == {"received": {"a": 1}}
        assert client.put("/endpoint").json() == {"message": "PUT"}
        assert client.delete("/endpoint/7").json() == {"deleted": 7}
        assert client.patch("/endpoint").json() == {"message": "PATCH"}


def test_path_parameters(run: Any) -> None:
    api = BoltAPI()
    run(
        """
        @api.get("/users/{user_id}")
        async def get_user(user_id: int):
            return {"id": user_id}
        @api.get("/posts/{post_id}/comments/{comment_id}")
        async def get_comment(post_id: int, comment_id: int):
            return {"post_id": post_id, "comment_id": comment_id}
        """,
        api=api,
    )
    with TestClient(api) as client:
        assert client.get("/users/3").json() == {"id": 3}
        assert client.get("/posts/3/comments/4").json() == {"post_id": 3, "comment_id": 4}


def test_query_parameters(run: Any) -> None:
    api = BoltAPI()
    run(
        """
        from django_bolt import Query
        @api.get("/search")
        async def search_handler(
            query: str = Query(...),
            limit: int = Query(10),
            offset: int = Query(0)
        ):
            return {"query": query, "limit": limit, "offset": offset}
        """,
        api=api,
    )
    with TestClient(api) as client:
        assert client.get("/search?query=a").json() == {"query": "a", "limit": 10, "offset": 0}
        assert client.get("/search?query=a&limit=5&offset=3").json() == {"query": "a", "limit": 5, "offset": 3}
        assert client.get("/search").json()["detail"][0]["loc"] == ["query", "query"]


def test_a_cursor_that_may_be_none(run: Any) -> None:
    api = BoltAPI()
    run(
        """
        from django_bolt import Query
        @api.get("/posts")
        async def list_posts(
            request,
            cursor: int = Query(None),
            limit: int = Query(20, le=100),
        ):
            return {"cursor": cursor, "limit": limit}
        """,
        api=api,
    )
    with TestClient(api) as client:
        assert client.get("/posts").json() == {"cursor": None, "limit": 20}
        assert client.get("/posts?cursor=3&limit=100").json() == {"cursor": 3, "limit": 100}
        assert client.get("/posts?limit=101").status_code == 422


@pytest.mark.django_db
def test_request_body(run: Any) -> None:
    api = BoltAPI()
    run(
        """
        import msgspec
        class CreateUserRequest(msgspec.Struct):
            username: str
            email: str
            password: str
        @api.post("/users")
        async def create_user(request, body: CreateUserRequest):
            # body is automatically validated
            user = await User.objects.acreate(
                username=body.username,
                email=body.email
            )
            return {"id": user.id, "username": user.username}
        """,
        api=api,
        User=User,
    )
    with TestClient(api) as client:
        response = client.post("/users", json={"username": "a", "email": "a@example.com", "password": "hunter2"})
        assert response.json() == {"id": User.objects.get(username="a").id, "username": "a"}
        assert client.post("/users", json={"username": "a"}).status_code == 422


@pytest.mark.django_db
def test_a_body_with_a_default(run: Any) -> None:
    api = BoltAPI()
    run(
        """
        import msgspec
        class UserSchema(msgspec.Struct):
            id: int
            username: str
            email: str
            is_active: bool = True
        @api.post("/users")
        async def create_user(request, body: UserSchema):
            # body is automatically validated
            user = await User.objects.acreate(
                username=body.username,
                email=body.email,
                is_active=body.is_active
            )
            return {"id": user.id}
        """,
        api=api,
        User=User,
    )
    with TestClient(api) as client:
        client.post("/users", json={"id": 0, "username": "a", "email": ""})
        client.post("/users", json={"id": 0, "username": "b", "email": "", "is_active": False})
    assert dict(User.objects.values_list("username", "is_active")) == {"a": True, "b": False}


POST_INIT = """
    import msgspec
    class UserCreateSchema(msgspec.Struct):
        username: str
        email: str
        password: str
        def __post_init__(self):
            if len(self.password) < 8:
                raise msgspec.ValidationError("Password must be at least 8 characters")
            if "@" not in self.email:
                raise msgspec.ValidationError("Invalid email format")
"""


@pytest.mark.parametrize(
    ("password", "email", "message"),
    [
        ("short", "a@example.com", "Password must be at least 8 characters"),
        ("long enough", "nobody", "Invalid email format"),
    ],
)
def test_post_init_errors(run: Any, password: str, email: str, message: str) -> None:
    api = BoltAPI()
    snippet = run(POST_INIT)

    async def create(body: Any) -> dict[str, str]:
        return {"username": body.username}

    create.__annotations__["body"] = snippet.UserCreateSchema
    api.post("/users")(create)
    with TestClient(api) as client:
        response = client.post("/users", json={"username": "a", "email": email, "password": password})
        assert response.status_code == 422
        assert response.json() == {"detail": [{"loc": ["body"], "msg": message, "type": "value_error"}]}
        right = {"username": "a", "email": "a@example.com", "password": "long enough"}
        assert client.post("/users", json=right).json() == {"username": "a"}


@pytest.mark.django_db
def test_nested_structs(run: Any) -> None:
    class Users:
        """Stands for a model with an address."""

        class objects:  # noqa: N801
            @staticmethod
            async def aget(id: int) -> Any:
                fields = {"id": id, "username": "a", "street": "Main" if id == 1 else ""}
                return type("User", (), {**fields, "city": "B", "zip_code": "12345", "country": "C"})

    api = BoltAPI()
    snippet = run(
        """
        import msgspec
        class AddressSchema(msgspec.Struct):
            street: str
            city: str
            zip_code: str
            country: str
        class UserSchema(msgspec.Struct):
            id: int
            username: str
            address: AddressSchema | None = None
        @api.get("/users/{user_id}")
        async def get_user_with_address(user_id: int):
            user = await User.objects.aget(id=user_id)
            return {
                "id": user.id,
                "username": user.username,
                "address": {
                    "street": user.street,
                    "city": user.city,
                    "zip_code": user.zip_code,
                    "country": user.country
                } if user.street else None
            }
        """,
        api=api,
        User=Users,
    )
    address = {"street": "Main", "city": "B", "zip_code": "12345", "country": "C"}
    with TestClient(api) as client:
        assert client.get("/users/1").json() == {"id": 1, "username": "a", "address": address}
        assert client.get("/users/2").json() == {"id": 2, "username": "a", "address": None}
        assert msgspec.json.decode(client.get("/users/1").content, type=snippet.UserSchema).address is not None


@pytest.mark.django_db
def test_after_a_migration(run: Any) -> None:
    api = BoltAPI()
    run(
        """
        import msgspec
        class UserSchema(msgspec.Struct):
            id: int
            username: str
            email: str
        @api.post("/users")
        async def create_user(data: UserSchema):
            user = await User.objects.acreate(
                username=data.username,
                email=data.email
            )
            return {"id": user.id, "username": user.username}, 201
        """,
        api=api,
        User=User,
    )
    with TestClient(api) as client:
        response = client.post("/users", json={"id": 0, "username": "a", "email": "a@example.com"})
    assert (response.status_code, response.json()["username"]) == (201, "a")


@pytest.mark.django_db
def test_async_iteration(run: Any) -> None:
    api = BoltAPI()
    run(
        """
        @api.get("/posts")
        async def list_posts(request):
            posts = []
            async for post in Post.objects.all().order_by("-date_joined")[:20]:
                posts.append({"id": post.id, "title": post.username})
            return {"posts": posts}
        """,
        api=api,
        Post=User,
    )
    user = User.objects.create_user("someone")
    with TestClient(api) as client:
        assert client.get("/posts").json() == {"posts": [{"id": user.id, "title": "someone"}]}


@pytest.mark.django_db
def test_transfer(run: Any) -> None:
    api = BoltAPI()
    run(
        """
        from asgiref.sync import sync_to_async
        from django.db import transaction
        @api.post("/transfer")
        async def transfer_funds(from_id: int, to_id: int, amount: float):
            @sync_to_async
            def do_transfer():
                with transaction.atomic():
                    from_account = Account.objects.select_for_update().get(id=from_id)
                    to_account = Account.objects.select_for_update().get(id=to_id)
                    from_account.balance -= amount
                    to_account.balance += amount
                    from_account.save()
                    to_account.save()
                    return {"success": True}
            return await do_transfer()
        """,
        api=api,
        Account=Account,
    )
    source, target = Account.objects.create(name="a", price=10), Account.objects.create(name="b", price=0)
    with TestClient(api) as client:
        query: dict[str, Any] = {"from_id": source.pk, "to_id": target.pk, "amount": 2.5}
        assert client.post("/transfer", params=query).json() == {"success": True}
        with pytest.raises(Account.DoesNotExist):
            client.post("/transfer", params={**query, "to_id": 0})
    assert list(Account.objects.order_by("name").values_list("price", flat=True)) == [Decimal("7.5"), Decimal("2.5")]
