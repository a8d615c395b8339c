"""Endpoints of the example for FastAPI; the tables are those that Django has made."""
