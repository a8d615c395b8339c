"""Checks that `make check` runs; each stands alone."""
