"""Fill the blog with demo data: the same rows every time."""

import random
from datetime import UTC, datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from django.db import transaction

from blog.models import Article, Author, Comment, Tag

USERS, AUTHORS, TAGS, ARTICLES, COMMENTS = 50, 50, 100, 500, 2000
START = datetime(2025, 1, 1, tzinfo=UTC)
FIRST_NAMES = "Ada Alan Barbara Claude Dorothy Edsger Frances Grace Hedy Ida Joan Katherine Linus Mary Niklaus".split()
LAST_NAMES = (
    "Allen Babbage Clarke Dijkstra Eckert Franklin Goldberg Hopper Johnson Knuth Lamarr Lovelace Turing".split()
)
WORDS = (
    "async await body bridge cache client code cookie core count data design engine error field fast handler header "
    "index join key language list loop method model page parser path plan query queue request response route row "
    "schema server simple socket table thread token tree type value view worker"
).split()


class Command(BaseCommand):
    help = "Loads demo users, authors, tags, articles and comments. Does nothing where articles exist."

    @transaction.atomic
    def handle(self, *args, **options):
        if Article.objects.exists():
            self.stdout.write("There are articles already: nothing to do.")
            return
        self.random = random.Random(2025)
        self.create("users", self.users())
        authors = self.create("authors", self.authors())
        tags = self.create("tags", self.tags())
        articles = self.create("articles", self.articles(authors))
        self.create("taggings", self.taggings(articles, tags))
        self.create("comments", self.comments(articles))
        self.stdout.write(self.style.SUCCESS("Demo data loaded."))

    def create(self, label, rows):
        """Insert rows of one model and say how many."""
        created = type(rows[0]).objects.bulk_create(rows)
        self.stdout.write(f"  {len(created):>5} {label}")
        return created

    def users(self):
        password = make_password(None)  # Nobody can log in as a demo user.
        existing = set(User.objects.values_list("username", flat=True))
        users = []
        for number in range(1, USERS + 1):
            first_name, last_name = self.name()
            user = User(
                username=f"demo{number}",
                first_name=first_name,
                last_name=last_name,
                email=f"demo{number}@example.com",
                password=password,
                date_joined=START + timedelta(days=number),
            )
            if user.username not in existing:
                users.append(user)
        return users

    def authors(self):
        return [
            Author(name=" ".join(self.name()), email=f"author{number}@example.com", biography=self.sentence(20))
            for number in range(1, AUTHORS + 1)
        ]

    def tags(self):
        return [Tag(name=f"{self.random.choice(WORDS)}-{number}") for number in range(1, TAGS + 1)]

    def articles(self, authors):
        return [
            Article(
                title=self.sentence(6),
                body="\n\n".join(self.sentence(40) for _ in range(3)),
                published=self.random.random() < 0.9,
                created_at=START + timedelta(hours=number),
                author=self.random.choice(authors),
            )
            for number in range(1, ARTICLES + 1)
        ]

    def taggings(self, articles, tags):
        return [
            Article.tags.through(article_id=article.id, tag_id=tag.id)
            for article in articles
            for tag in self.random.sample(tags, self.random.randint(1, 5))
        ]

    def comments(self, articles):
        return [
            Comment(
                article=self.random.choice(articles),
                name=" ".join(self.name()),
                text=self.sentence(15),
                created_at=START + timedelta(days=30, minutes=number),
            )
            for number in range(1, COMMENTS + 1)
        ]

    def name(self):
        return self.random.choice(FIRST_NAMES), self.random.choice(LAST_NAMES)

    def sentence(self, words):
        return " ".join(self.random.choices(WORDS, k=words)).capitalize() + "."
