"""`manage.py bolt_routes`: lists what `runbolt` would serve, as a table or as JSON."""

from __future__ import annotations

import json
import shutil
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_bolt import conf
from django_bolt._server.project import assemble_project
from django_bolt._server.routes import RouteRow, route_rows, table

# A table that goes into a file or a pipe is not cut.
UNBOUNDED = 10_000


class Command(BaseCommand):
    """Lists the routes."""

    help = "Lists every route that runbolt serves: method, path, handler, kind, name and flags."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the flags."""
        parser.add_argument("--json", action="store_true", help="A JSON list with an object for each route.")
        parser.add_argument("--method", help="Only routes of this method.")
        parser.add_argument("--path", help="Only routes whose path contains this text.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the routes that are asked for."""
        try:
            configuration = conf.load()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        rows = route_rows(assemble_project(configuration), configuration)
        method, path = options["method"], options["path"]
        if method is not None:
            rows = [row for row in rows if row.method == method.upper()]
        if path is not None:
            rows = [row for row in rows if path in row.path]
        if options["json"]:
            self.stdout.write(json.dumps([row._asdict() for row in rows], indent=2))
        else:
            self.write_table(rows)

    def write_table(self, rows: list[RouteRow]) -> None:
        """Write the table, as wide as the terminal."""
        if not rows:
            self.stdout.write("No route fits.")
            return
        width = shutil.get_terminal_size().columns if self.stdout.isatty() else UNBOUNDED
        heading, *lines = table(rows, width=width)
        self.stdout.write(self.style.MIGRATE_HEADING("  ".join(heading).rstrip()))
        for row, (method, path, handler, kind, name, flags) in zip(rows, lines, strict=True):
            paint = self.style.NOTICE if row.built_in else self.style.SUCCESS
            self.stdout.write(
                "  ".join([self.style.HTTP_INFO(method), paint(path), handler, kind, name, flags]).rstrip()
            )
