"""The document's use of the ORM, as it is written there but for the names of models and fields."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db.models import BooleanField, ExpressionWrapper, Manager, Q, QuerySet

from django_bolt import BoltAPI
from django_bolt.testing import TestClient
from tests.testapp.models import Item, Tag

pytestmark = pytest.mark.django_db

User = get_user_model()


class Articles(Manager[Item]):
    """Stands for articles: what costs something is published."""

    def get_queryset(self) -> QuerySet[Item]:
        published = ExpressionWrapper(Q(price__gt=0), output_field=BooleanField())
        return super().get_queryset().annotate(published=published)


class Article(Item):
    """Stands for the document's model of that name."""

    objects = Articles()

    class Meta:
        proxy = True
        app_label = "testapp"


@pytest.fixture
def users() -> list[Any]:
    return [User.objects.create_user(f"user{number}", email=f"{number}@example.com") for number in range(3)]


def test_a_page_of_users(run: Any, users: list[Any]) -> None:
    snippet = run(
        """
        from django_bolt import BoltAPI, Query
        api = BoltAPI()
        @api.get("/users")
        async def list_users(
            request,
            page: int = Query(1, ge=1),
            page_size: int = Query(20, ge=1, le=100),
        ):
            offset = (page - 1) * page_size
            users = User.objects.all().order_by("id")
            total = await users.acount()
            items = await users[offset:offset + page_size].alist()
            return {
                "items": [{"id": u.id, "username": u.username} for u in items],
                "total": total,
                "page": page,
                "page_size": page_size,
                "pages": (total + page_size - 1) // page_size,
            }
        """,
        User=User,
    )
    with TestClient(snippet.api) as client:
        assert client.get("/users?page=2&page_size=2").json() == {
            "items": [{"id": users[2].id, "username": "user2"}],
            "total": 3,
            "page": 2,
            "page_size": 2,
            "pages": 2,
        }
        assert len(client.get("/users").json()["items"]) == 3


def test_posts_behind_a_cursor(run: Any) -> None:
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
            posts = Post.objects.all().order_by("-id")
            if cursor:
                posts = posts.filter(id__lt=cursor)
            items = await posts[:limit + 1].alist()
            has_next = len(items) > limit
            items = items[:limit]
            return {
                "items": [{"id": p.id, "title": p.name} for p in items],
                "next_cursor": items[-1].id if has_next and items else None,
                "has_next": has_next,
            }
        """,
        api=api,
        Post=Item,
    )
    posts = [Item.objects.create(name=name) for name in "abc"]
    with TestClient(api) as client:
        first = client.get("/posts?limit=2").json()
        assert ([item["title"] for item in first["items"]], first["has_next"]) == (["c", "b"], True)
        rest = client.get("/posts", params={"limit": 2, "cursor": first["next_cursor"]}).json()
        assert rest == {"items": [{"id": posts[0].pk, "title": "a"}], "next_cursor": None, "has_next": False}


@pytest.mark.parametrize("expression", ["User.objects.alist()", "User.objects.all()"])
def test_a_list_of_users(run: Any, users: list[Any], expression: str) -> None:
    api = BoltAPI()
    run(
        f"""
        @api.get("/users")
        async def list_users():
            users = await {expression}
            return [{{"id": u.id, "username": u.username, "email": u.email}} for u in users]
        """,
        api=api,
        User=User,
    )
    with TestClient(api) as client:
        assert client.get("/users").json() == [
            {"id": user.id, "username": user.username, "email": user.email} for user in users
        ]


def test_get_or_404(run: Any, users: list[Any]) -> None:
    api = BoltAPI()
    run(
        """
        from django_bolt.errors import ApiError
        # GOOD: Raise proper errors
        @api.get("/users/{user_id}")
        def get_user(request, user_id: int) -> UserSchema:
            user = User.objects.get_or_404(user_id)
            if not user.is_active:
                raise ApiError(400, "User not active")
            return user
        """,
        api=api,
        User=User,
        UserSchema=dict[str, Any],
    )
    inactive = User.objects.create_user("inactive", is_active=False)
    with TestClient(api) as client:
        missing = client.get("/users/0")
        assert (missing.status_code, missing.json()) == (404, {"detail": "No User matches the given query."})
        refused = client.get(f"/users/{inactive.pk}")
        assert (refused.status_code, refused.json()) == (400, {"detail": "User not active"})


def test_the_methods_of_a_manager(run: Any) -> None:
    snippet = run(
        """
        api = BoltAPI()
        @api.get("/articles/{id}")
        async def use(id: int):
            # Get a single object
            article = await Article.objects.aget(id=id)
            # Create an object
            article = await Article.objects.acreate(
                name="My Article",
                price=0
            )
            # Get or create
            article, created = await Article.objects.aget_or_create(
                name="My Article",
                defaults={"price": 1}
            )
            # Count
            total = await Article.objects.acount()
            # Check existence
            exists = await Article.objects.filter(published=True).aexists()
            # Update
            updated_count = await Article.objects.filter(published=False).aupdate(price=2)
            # Delete
            deleted_count, _ = await Article.objects.filter(name="My Article").adelete()
            # Bulk create
            articles = [
                Article(name=f"Article {i}", price=i)
                for i in range(100)
            ]
            made = await Article.objects.abulk_create(articles)
            return [created, total, exists, updated_count, deleted_count, len(made)]
        """,
        BoltAPI=BoltAPI,
        Article=Article,
    )
    article = Item.objects.create(name="a")
    with TestClient(snippet.api) as client:
        assert client.get(f"/articles/{article.pk}").json() == [False, 2, False, 2, 1, 100]
        with pytest.raises(Article.DoesNotExist):
            client.get("/articles/0")
    assert Item.objects.get(name="a").price == 2
    assert Item.objects.filter(name__startswith="Article ").count() == 100


def test_prefetched_rows(run: Any, django_assert_num_queries: Any) -> None:
    api = BoltAPI()
    run(
        """
        # Good: 2 queries (articles + tags)
        @api.get("/articles")
        async def list_articles():
            queryset = Article.objects.prefetch_related("tags")
            articles = []
            async for article in queryset[:20]:
                tags = [tag.name for tag in article.tags.all()] # Already prefetched!
                articles.append({"id": article.id, "tags": tags})
            return {"articles": articles}
        """,
        api=api,
        Article=Item,
    )
    articles = [Item.objects.create(name=name) for name in "ab"]
    articles[0].tags.add(Tag.objects.create(name="x"))
    with TestClient(api) as client, django_assert_num_queries(2):
        found = client.get("/articles").json()
    assert found == {"articles": [{"id": articles[0].pk, "tags": ["x"]}, {"id": articles[1].pk, "tags": []}]}


def test_aggregates(run: Any, users: list[Any]) -> None:
    api = BoltAPI()
    run(
        """
        from django.db.models import Count, Avg, Q
        @api.get("/stats")
        async def article_stats():
            stats = await Article.objects.aaggregate(
                total=Count("id"),
                published=Count("id", filter=Q(is_active=True)),
                avg_comments=Avg("id")
            )
            return stats
        """,
        api=api,
        Article=User,
    )
    User.objects.filter(pk=users[0].pk).update(is_active=False)
    with TestClient(api) as client:
        assert client.get("/stats").json() == {"total": 3, "published": 2, "avg_comments": users[1].pk}
