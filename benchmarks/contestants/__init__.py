"""One module for each contestant, each with a `CONTESTANT`; `benchmarks/README.md` says how to add one."""
