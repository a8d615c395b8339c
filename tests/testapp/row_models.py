"""Models for the tests of how rows are read: one of every plain field, and one for each reason to make instances.

They belong to the test app once a test module imports them; nothing here may depend on django-bolt.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models


class Loud(models.CharField):
    """A field whose values are made by a converter of its own."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else value.upper()


class Whispered(models.query_utils.DeferredAttribute):
    """A descriptor with a say in what an instance shows."""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        return value if instance is None else value.lower()

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class Quiet(models.CharField):
    """A field with a descriptor of its own."""

    descriptor_class = Whispered


class Named(models.Model):
    """What most of these models have."""

    name = models.CharField(max_length=50)

    class Meta:
        abstract = True
        app_label = "testapp"


class Author(Named):
    """Somebody who wrote books."""

    nickname: Any = None
    """An attribute of the class: no query can annotate over it unseen."""

    @property
    def initial(self) -> str:
        return self.name[:1]

    @property
    def reads(self) -> int:
        """How often this was asked."""
        self._reads = getattr(self, "_reads", 0) + 1
        return self._reads


class Book(models.Model):
    """One of every plain field."""

    class State(models.TextChoices):
        DRAFT = "draft"
        OUT = "out"

    title = models.CharField(max_length=50)
    author = models.ForeignKey(Author, models.CASCADE, null=True, related_name="books")
    pages = models.IntegerField(default=1)
    price = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    rating = models.FloatField(null=True)
    published = models.DateTimeField(null=True)
    released = models.DateField(null=True)
    at = models.TimeField(null=True)
    length = models.DurationField(null=True)
    key = models.UUIDField(default=uuid.uuid4)
    extra = models.JSONField(default=dict, null=True)
    in_print = models.BooleanField(default=True)
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    loud = Loud(max_length=50, default="loud")
    quiet = Quiet(max_length=50, default="QUIET")
    cover = models.FileField(blank=True)

    class Meta:
        app_label = "testapp"
        ordering = ("pk",)


class BookProxy(Book):
    """A proxy that changes nothing."""

    class Meta:
        app_label = "testapp"
        proxy = True


class Novel(Book):
    """A book in two tables."""

    genre = models.CharField(max_length=50, default="crime")

    class Meta:
        app_label = "testapp"


class Stamped(Named):
    """Instances are made by the project's own code."""

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().from_db(*args, **kwargs)
        made.name = f"<{made.name}>"
        return made


class Initialised(Named):
    """Instances change themselves."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = f"<{self.name}>"


class Guarded(Named):
    """Instances hide what they hold."""

    def __getattribute__(self, attribute: str) -> Any:
        found = super().__getattribute__(attribute)
        return f"<{found}>" if attribute == "name" else found


class Setting(Named):
    """Instances change what is assigned."""

    def __setattr__(self, attribute: str, value: Any) -> None:
        super().__setattr__(attribute, f"<{value}>" if attribute == "name" else value)


class Shadowed(Named):
    """A property stands where a column has its name."""

    hidden = models.CharField(max_length=50, db_column="visible", default="x")

    class Meta(Named.Meta):
        abstract = False


Shadowed.hidden = property(lambda self: "shown")  # type: ignore[assignment]


class Listened(Named):
    """For a receiver of `post_init`."""


class Reversed(models.QuerySet):
    """Iterates in its own way."""

    def __iter__(self) -> Any:
        return iter([*super().__iter__()][::-1])


class Fetching(models.QuerySet):
    """Fetches in its own way."""

    def _fetch_all(self) -> None:
        super()._fetch_all()
        self._result_cache = self._result_cache[:1]


class Helpful(models.QuerySet):
    """Only adds methods."""

    def short(self) -> Any:
        return self.filter(name__lt="c")


class Listed(Named):
    """A model with managers of several classes."""

    objects = models.Manager()
    backwards = Reversed.as_manager()
    first_only = Fetching.as_manager()
    helpful = Helpful.as_manager()
