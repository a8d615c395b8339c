"""Measures this project beside its peers, in one run, on one machine: `python -m benchmarks`.

Nothing here is imported by the package, and no result is kept anywhere but in `benchmarks/results/`.
"""
