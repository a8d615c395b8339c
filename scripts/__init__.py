"""Checks that `make check` runs, and what the other recipes, the tests and the benchmarks start."""
