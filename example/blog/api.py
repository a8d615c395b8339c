"""The blog's endpoints: Django's ORM behind typed routes."""

from typing import Annotated

from django.contrib.auth.models import User
from django.db import transaction

from django_bolt import BoltAPI, Query
from django_bolt.exceptions import NotFound, UnprocessableEntity

from .models import Article, Author, Tag
from .schemas import ArticleInput, ArticleSchema, ArticleSummary, UserSchema

PAGE_SIZE = 20

api = BoltAPI()


@api.get("/users", response_model=list[UserSchema], tags=["users"])
async def list_users():
    """List the first ten users: a QuerySet is read as the declared type says."""
    return User.objects.order_by("id")[:10]


@api.get("/users/{user_id}", response_model=UserSchema, tags=["users"])
async def get_user(user_id: int):
    """Look up one user."""
    try:
        return await User.objects.aget(id=user_id)
    except User.DoesNotExist:
        raise NotFound(f"No user {user_id}") from None


@api.get("/articles", response_model=list[ArticleSummary], tags=["articles"])
async def list_articles(page: Annotated[int, Query(ge=1, le=10_000)] = 1):
    """List twenty articles, with author and tags."""
    first = (page - 1) * PAGE_SIZE
    articles = Article.objects.select_related("author").prefetch_related("tags").order_by("id")
    return articles[first : first + PAGE_SIZE]


@api.get("/articles/{article_id}", response_model=ArticleSchema, tags=["articles"])
async def get_article(article_id: int):
    """Read one article, with author, tags and comments."""
    try:
        return await full_articles().aget(id=article_id)
    except Article.DoesNotExist:
        raise NotFound(f"No article {article_id}") from None


@api.post("/articles", response_model=ArticleSchema, status_code=201, tags=["articles"])
def create_article(article: ArticleInput):
    """Write an article. A plain function runs in a thread, so that it may use Django's transactions."""
    return save_article(Article(), article)


@api.put("/articles/{article_id}", response_model=ArticleSchema, tags=["articles"])
def update_article(article_id: int, article: ArticleInput):
    """Write an article anew."""
    try:
        return save_article(Article.objects.get(id=article_id), article)
    except Article.DoesNotExist:
        raise NotFound(f"No article {article_id}") from None


def full_articles():
    """Articles with everything that `ArticleSchema` shows."""
    return Article.objects.select_related("author").prefetch_related("tags", "comments")


@transaction.atomic
def save_article(article, data):
    """Store what a client sent and answer with the article as it is now."""
    if not Author.objects.filter(id=data.author_id).exists():
        raise UnprocessableEntity(f"No author {data.author_id}")
    tags = Tag.objects.filter(id__in=data.tag_ids)
    if len(tags) != len(set(data.tag_ids)):
        raise UnprocessableEntity("Unknown tag")
    article.title = data.title
    article.body = data.body
    article.author_id = data.author_id
    article.published = data.published
    article.save()
    article.tags.set(tags)
    return full_articles().get(id=article.id)
