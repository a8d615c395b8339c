"""Models for tests that need rows; nothing here may depend on django-bolt."""

from __future__ import annotations

from django.db import models


class Tag(models.Model):
    """A word that items share."""

    name = models.CharField(max_length=50, unique=True)

    def __str__(self) -> str:
        return self.name


class Item(models.Model):
    """Something with a name and a price."""

    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    created = models.DateTimeField(auto_now_add=True)
    tags = models.ManyToManyField(Tag, related_name="items", blank=True)

    def __str__(self) -> str:
        return self.name
