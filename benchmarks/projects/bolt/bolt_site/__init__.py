"""The example's site with the endpoints that only a benchmark needs."""
