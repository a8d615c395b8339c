"""Turns a declaration into a plan, once, at start.

Nothing in this package may import Django, touch an event loop or be called while a request runs.
"""
