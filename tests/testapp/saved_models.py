"""Models for the tests of how an object is added: one for each way in which a class has a say in it.

They belong to the test app once a test module imports them; nothing here may depend on django-bolt.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.core.files.storage import InMemoryStorage
from django.db import models
from django.db.models.functions import Lower, Upper
from django.utils.translation import gettext_lazy

NOTED: list[Any] = []
"""What the project's own code was asked for."""


class Saved(models.Model):
    """What all of these models have."""

    class Meta:
        abstract = True
        app_label = "testapp"


class Every(Saved):
    """A field of each kind that stands for itself."""

    class Size(models.IntegerChoices):
        SMALL = 1
        LARGE = 2

    class State(models.TextChoices):
        DRAFT = "draft", gettext_lazy("Draft")
        OUT = "out", gettext_lazy("Out")

    size = models.IntegerField(choices=Size, default=Size.SMALL)
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    text = models.TextField(default=gettext_lazy("Yes"))
    slug = models.SlugField(default="")
    mail = models.EmailField(default="")
    url = models.URLField(null=True)
    address = models.GenericIPAddressField(null=True)
    small = models.SmallIntegerField(default=0)
    big = models.PositiveBigIntegerField(null=True)
    number = models.FloatField(null=True)
    amount = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    truth = models.BooleanField(null=True)
    key = models.UUIDField(null=True, default=None)
    extra = models.JSONField(default=dict, null=True)
    span = models.DurationField(null=True)
    day = models.DateField(null=True)
    time = models.TimeField(null=True)
    moment = models.DateTimeField(null=True)
    made = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)
    other = models.ForeignKey("self", models.CASCADE, null=True)
    twice = models.GeneratedField(expression=models.F("small") * 2, output_field=models.IntegerField(), db_persist=True)


class Packed(Saved):
    """Bytes, which have SQL of their own around them."""

    data = models.BinaryField(null=True)


class Spelled(Saved):
    """A key that is a text."""

    code = models.CharField(max_length=20, primary_key=True)
    name = models.CharField(max_length=20, default="")


class Extended(Saved):
    """A key that is another object's."""

    spelled = models.OneToOneField(Spelled, models.CASCADE, primary_key=True)
    name = models.CharField(max_length=20, default="")


class Composed(Saved):
    """A key of two columns."""

    pk = models.CompositePrimaryKey("first", "second")
    first = models.IntegerField()
    second = models.IntegerField()
    name = models.CharField(max_length=20, default="")


def draw_key() -> uuid.UUID:
    """Return a key that was not drawn before, the same in each run."""
    NOTED.append("key")
    return uuid.UUID(int=1000 + len(NOTED))


class Base(Saved):
    """A parent that makes its own key."""

    id = models.UUIDField(primary_key=True, default=draw_key)
    base = models.CharField(max_length=20, default="b")


class Other(Saved):
    """A parent that has it made by the database."""

    other_id = models.BigAutoField(primary_key=True)
    other = models.CharField(max_length=20, default="o")


class Both(Base, Other):
    """A child of two parents."""

    own = models.CharField(max_length=20, default="c")

    class Meta(Saved.Meta):
        abstract = False


class Grandchild(Both):
    """A row in four tables."""

    grand = models.CharField(max_length=20, default="g")

    class Meta(Saved.Meta):
        abstract = False


class Stand(Base):
    """A proxy."""

    class Meta(Saved.Meta):
        abstract = False
        proxy = True


class Placed(Saved):
    """A row among those of another."""

    spelled = models.ForeignKey(Spelled, models.CASCADE)

    class Meta(Saved.Meta):
        abstract = False
        order_with_respect_to = "spelled"


class Foreign(Saved):
    """A table that is not ours."""

    code = models.CharField(max_length=20, primary_key=True)
    name = models.CharField(max_length=20, default="")

    class Meta(Saved.Meta):
        abstract = False
        managed = False
        db_table = "testapp_spelled"


def remember(instance: Any, name: str) -> str:
    """Note what a file was called in fields on either side of it."""
    instance.before = instance.after = name
    return name


class Uploaded(Saved):
    """A file that leaves its name elsewhere when it is stored."""

    before = models.CharField(max_length=20, default="")
    number = models.IntegerField(default=0)
    file = models.FileField(upload_to=remember, storage=InMemoryStorage())
    changed = models.DateTimeField(auto_now=True)
    after = models.CharField(max_length=20, default="")


class Drawn(models.BigAutoField):
    """A key that is drawn when the object is saved."""

    def get_pk_value_on_save(self, instance: Any) -> Any:
        NOTED.append("drawn")
        return 40 + len(NOTED) if instance.name else None


class Numbered(Saved):
    """Objects with such keys."""

    id = Drawn(primary_key=True)
    name = models.CharField(max_length=20, default="")


class Ticking(models.query_utils.DeferredAttribute):
    """A descriptor that gives another value each time it is read."""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        if instance is None:
            return self
        NOTED.append("read")
        return f"{instance.__dict__['name']} {len(NOTED)}"

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__["name"] = value


class Ticker(models.CharField):
    """A field that has it."""

    descriptor_class = Ticking


class Read(Saved):
    """A value that depends on how often it is read."""

    name = Ticker(max_length=20, default="")


class Watching(Saved):
    """Objects that note what is set."""

    name = models.CharField(max_length=20, default="")

    def __setattr__(self, name: str, value: Any) -> None:
        NOTED.append((name, value))
        super().__setattr__(name, value)


class Watched(Saved):
    """Objects that note what is read."""

    name = models.CharField(max_length=20, default="")

    def __getattribute__(self, name: str) -> Any:
        if name == "name":
            NOTED.append(name)
        return super().__getattribute__(name)


class Adding(models.IntegerField):
    """A field that changes another one each time it is asked."""

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        model_instance.name += "+"
        NOTED.append(add)
        return super().pre_save(model_instance, add)


class Added(Saved):
    """Objects with such a field behind the one that it changes."""

    name = models.CharField(max_length=20, default="")
    number = Adding(default=1)


class Shouted(models.CharField):
    """A field that has its value made by the database."""

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        NOTED.append("prepared")
        return Upper(models.Value(value)).resolve_expression(models.sql.Query(None)) if value else value


class Shout(Saved):
    """Objects with such a field."""

    name = Shouted(max_length=20, default="")
    low = models.CharField(max_length=20, default="")


class Inserting(Saved):
    """Objects that are inserted in their own way."""

    name = models.CharField(max_length=20, default="")

    def _do_insert(self, manager: Any, using: Any, fields: Any, returning_fields: Any, raw: Any) -> Any:
        NOTED.append([field.name for field in fields])
        return super()._do_insert(manager, using, fields, returning_fields, raw)  # type: ignore[misc]


class Tabled(Saved):
    """Objects that are saved in their own way."""

    name = models.CharField(max_length=20, default="")

    def _save_table(self, *arguments: Any, **options: Any) -> Any:
        NOTED.append("table")
        return super()._save_table(*arguments, **options)  # type: ignore[misc]


class Inserter(models.QuerySet[Any]):
    """Inserts in its own way."""

    def _insert(self, *arguments: Any, **options: Any) -> Any:
        NOTED.append("inserted")
        return super()._insert(*arguments, **options)  # type: ignore[misc]


class Managed(Saved):
    """Objects whose base manager has it."""

    name = models.CharField(max_length=20, default="")
    objects = Inserter.as_manager()

    class Meta(Saved.Meta):
        abstract = False
        base_manager_name = "objects"


class Lowered(Saved):
    """A value that the database computes when none is given."""

    name = models.CharField(max_length=20, db_default=Lower(models.Value("NONE")))
    plain = models.CharField(max_length=20, default="")
