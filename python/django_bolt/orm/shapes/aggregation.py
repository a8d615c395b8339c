"""Aggregates over the rows of a query: a call that leads to the query which Django runs for them.

Nothing here may know of databases.
"""

from __future__ import annotations

from typing import Any

from django.db.models.sql import Query

from django_bolt.orm.shapes.shape import Call, NotPlain

__all__ = ["Aggregation"]


class _AskedError(Exception):
    """The compiler of a query was asked for."""

    def __init__(self, query: Query) -> None:
        super().__init__()
        self.query = query


class _Asked(Query):
    """A query on its way through Django's `get_aggregation`, which ends where the database would be asked."""

    def get_compiler(self, using: Any = None, connection: Any = None, elide_empty: bool = True) -> Any:
        """Tell which query it is."""
        raise _AskedError(self)


class Aggregation(Call):
    """A call of `get_aggregation`."""

    __slots__ = ()

    def make_on(self, query: Query) -> Query:
        """Make of the query the one that has the aggregates' values in its only row.

        Raises `NotPlain` where that is another query around it, and what Django raises for the aggregates.
        """
        kind = query.__class__
        query.__class__ = _Asked
        try:
            query.get_aggregation(*self.arguments)
        except _AskedError as asked:
            if asked.query is query:
                return query
        finally:
            query.__class__ = kind
        raise NotPlain
