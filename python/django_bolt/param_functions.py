"""The markers under their other name; `django_bolt.params` is their home, and nothing may be defined here."""

from django_bolt.params import Body, Cookie, Depends, File, Form, Header, Path, Query

__all__ = ["Body", "Cookie", "Depends", "File", "Form", "Header", "Path", "Query"]
