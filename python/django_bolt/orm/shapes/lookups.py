"""The parts of a query whose SQL follows from its shape: they look at no settings, no time zone, no other values.

Everything that is not named here is compiled by Django each time.
"""

from __future__ import annotations

from django.db.models import Avg, Count, Max, Min, Sum, Value, lookups
from django.db.models.expressions import Col, OrderBy, RawSQL, Ref, Star
from django.db.models.fields import related_lookups
from django.db.models.sql.compiler import PositionRef
from django.db.models.sql.datastructures import BaseTable, Join
from django.db.models.sql.where import NothingNode, WhereNode

__all__ = ["AGGREGATES", "OF_TRUTH", "PARTS", "SAFE", "SECOND"]

SAFE = frozenset(
    {
        lookups.Exact, lookups.IExact, lookups.In,
        lookups.GreaterThan, lookups.GreaterThanOrEqual, lookups.LessThan, lookups.LessThanOrEqual, lookups.Range,
        lookups.IntegerFieldExact, lookups.IntegerGreaterThan, lookups.IntegerGreaterThanOrEqual,
        lookups.IntegerLessThan, lookups.IntegerLessThanOrEqual,
        lookups.Contains, lookups.IContains, lookups.StartsWith, lookups.IStartsWith, lookups.EndsWith,
        lookups.IEndsWith,
        related_lookups.RelatedExact, related_lookups.RelatedIn, related_lookups.RelatedLessThan,
        related_lookups.RelatedGreaterThan, related_lookups.RelatedGreaterThanOrEqual,
        related_lookups.RelatedLessThanOrEqual,
    }
)  # fmt: skip
"""Lookups that compile to SQL around what their `process_rhs` returns."""

_IS_NULL = frozenset({lookups.IsNull, related_lookups.RelatedIsNull})

OF_TRUTH = SAFE | _IS_NULL
"""Those that a truth value may be given to."""

AGGREGATES = frozenset({Avg, Count, Max, Min, Sum})

PARTS = _IS_NULL | AGGREGATES | {
    Col, OrderBy, PositionRef, RawSQL, Ref, Star, Value, BaseTable, Join, WhereNode, NothingNode
}  # fmt: skip
"""What else may be in such a query. Its constants are Django's own: those of a project are never part of a shape."""

SECOND = "\1"
"""Stands for the second end of a range in the SQL of a shape."""
