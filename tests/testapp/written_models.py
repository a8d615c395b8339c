"""Models for the tests of how rows are written: one for each way in which a column gets its value.

They belong to the test app once a test module imports them; nothing here may depend on django-bolt.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models.functions import Lower, Now


class Keyed(models.Model):
    """A key that the instance makes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=50, null=True)
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "testapp"


class Defaulted(models.Model):
    """Columns that the database fills, and one that it computes."""

    name = models.CharField(max_length=50, db_default="unnamed")
    size = models.IntegerField(db_default=3)
    since = models.DateTimeField(db_default=Now())
    lower = models.GeneratedField(
        expression=Lower("name"), output_field=models.CharField(max_length=50), db_persist=True
    )

    class Meta:
        app_label = "testapp"


class OnlyDefault(models.Model):
    """One column beside the key, which the database fills."""

    name = models.CharField(max_length=50, db_default="unnamed")

    class Meta:
        app_label = "testapp"


class Bare(models.Model):
    """Nothing but a key."""

    class Meta:
        app_label = "testapp"


class Counting(models.CharField):
    """A field that tells how often it was asked."""

    asked: list[str]

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        self.asked.append("pre_save")
        return super().pre_save(model_instance, add)

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        self.asked.append("get_db_prep_save")
        return super().get_db_prep_save(value, connection)


class Wrapped(models.CharField):
    """A field with SQL of its own around its values, as fields of other packages have."""

    def get_placeholder_sql(self, value: Any, compiler: Any, connection: Any) -> Any:
        return "UPPER(%s)", [value]


class Asked(models.Model):
    """Fields with methods of their own."""

    counting = Counting(max_length=50)
    plain = models.CharField(max_length=50, default="")

    class Meta:
        app_label = "testapp"


class Upper(models.Model):
    """A value inside a function of SQL."""

    name = Wrapped(max_length=50)

    class Meta:
        app_label = "testapp"
