"""Queries compiled once: a chain of QuerySet calls that was made before builds no SQL, only its values are new."""
