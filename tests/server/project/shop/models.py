"""The one model of the project."""

from __future__ import annotations

from django.db import models


class Item(models.Model):
    """Something with a name."""

    name = models.CharField(max_length=100)
