"""A project with as many routes as `$ROUTES` says, in words that both packages called django_bolt understand."""
