"""`manage.py runbolt`: the flags, the checks before serving and the banner. The server itself is `_server`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import django
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error as DatabaseError

from django_bolt import conf
from django_bolt._runtime.assemble import Assembled
from django_bolt._server.banner import banner
from django_bolt._server.configuration import configure
from django_bolt._server.flags import add_flags
from django_bolt._server.listen import listening
from django_bolt._server.project import CannotImport
from django_bolt._server.serve import serve
from django_bolt.version import installed_version


class Command(BaseCommand):
    """Serves every API of the project on one port."""

    help = "Serves every API of the project (each BoltAPI in an api.py or bolt_api.py) on one port."
    # Made by serve() instead: under --dev again after each reload, in the process that serves.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the flags; each takes its default from `settings.BOLT`."""
        parser.add_argument("addrport", nargs="?", help="Port, or address:port.")
        parser.add_argument("--dev", action="store_true", help="Restart when the project's code changes.")
        parser.add_argument("--skip-checks", action="store_true", help="Skip system checks.")
        add_flags(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until told to stop."""
        configuration = configure(options)
        if options["dev"]:
            self.develop(configuration, options)
        else:
            self.serve(configuration, options)

    def develop(self, configuration: conf.Configuration, options: dict[str, Any]) -> None:
        """Serve in a child that is restarted when files change; in that child, serve."""
        # Production imports neither the watching nor the warnings.
        from django_bolt._server.dev import observe, reloader  # noqa: PLC0415

        listener = reloader.inherited_listener()
        if listener is not None:
            try:
                self.serve(configuration, options, listener=listener, observe=observe)
            except CannotImport as error:
                # The mistake is shown where it was made.
                raise (error.__cause__ or error) from None
            return
        with listening(configuration) as listener:
            reloader.Reloader(listener, output=self.stdout).run()

    def serve(self, configuration: conf.Configuration, options: dict[str, Any], **development: Any) -> None:
        """Check the project, then serve it; `development` is what `serve` takes for `--dev`."""
        if not options["skip_checks"]:
            # Without an alias: what asks a database is `check --database`'s, and a server starts while one is down.
            self.check(databases=[])
        if options["dev"]:
            self.warn_of_migrations()
        serve(
            configuration,
            announce=lambda assembled, port: self.announce(configuration, assembled, port),
            **development,
        )

    def warn_of_migrations(self) -> None:
        """Tell of unapplied migrations; a database that cannot be asked is no reason not to serve."""
        try:
            self.check_migrations()
        except DatabaseError as error:
            self.stdout.write(self.style.NOTICE(f"Cannot ask the database for unapplied migrations: {error}"))

    def announce(self, configuration: conf.Configuration, assembled: Assembled, port: int) -> None:
        """Write the banner."""
        lines = [
            f"{datetime.now():%B %d, %Y - %X}",
            f"Django version {django.get_version()}, django-bolt version {installed_version()}, "
            f"using settings {settings.SETTINGS_MODULE!r}",
            *banner(configuration, assembled, port=port, debug=conf.debug_enabled(), style=self.style),
        ]
        self.stdout.write("\n".join(lines) + "\n")
        self.stdout.flush()
