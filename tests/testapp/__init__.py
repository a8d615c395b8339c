"""A Django app with the few models that the tests need."""
