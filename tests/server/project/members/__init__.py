"""Members of a site: logging in and out with Django's sessions."""
