"""The blog in Django's admin."""

from django.contrib import admin

from .models import Article, Author, Comment, Tag

admin.site.register([Article, Author, Comment, Tag])
