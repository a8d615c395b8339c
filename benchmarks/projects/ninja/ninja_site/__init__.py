"""The endpoints behind Django's middleware, for Django Ninja."""
