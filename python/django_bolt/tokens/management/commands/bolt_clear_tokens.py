"""`manage.py bolt_clear_tokens`: drop the rows of tokens that have expired; for a job that runs every day."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from django_bolt.auth.stores.database import clear_expired


class Command(BaseCommand):
    """Deletes rows that nobody needs any more."""

    help = "Deletes revoked tokens that have expired from the database."

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete them and say how many."""
        dropped = clear_expired()
        if options["verbosity"] > 0:
            self.stdout.write(f"Deleted {dropped} expired {'entry' if dropped == 1 else 'entries'}.")
