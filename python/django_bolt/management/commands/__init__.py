"""The commands of `manage.py`, one a module. Nothing else belongs here."""
