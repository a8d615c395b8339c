"""Django's ORM under an event loop: how its calls run, whose connection they use, and what is added to it."""
