"""Serving a project from its own process: the listening socket and what happens before the first connection.

`runbolt` is its command line; the worker that answers requests is `_runtime.worker`.
"""
