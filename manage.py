#!/usr/bin/env python
"""Django's command line for Homeward.

Without ``DATABASE_URL`` it uses this checkout's own PostgreSQL and broker under ``var/``: those of ``make demo`` or
``make run``, whichever was started last. When they do not run, it starts them for the life of the command.
"""

import os
import sys

# These need no database.
ALONE = {
    "check_templates",
    "help",
    "--help",
    "-h",
    "version",
    "--version",
    "collectstatic",
    "makemessages",
    "compilemessages",
    "diffsettings",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from config.local import services

    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command in ALONE or not services.wanted():
        execute(command)
        return
    from config.local.processes import LocalError

    home = services.last()
    os.environ.update({name: value for name, value in home.env().items() if name not in os.environ})
    try:
        with services.running(home):
            execute(command, prepare=True)
    except LocalError as error:
        sys.exit(str(error))


def execute(command: str, *, prepare: bool = False) -> None:
    import django
    from django.core.management import call_command, execute_from_command_line

    if prepare and command not in {"migrate", "makemigrations", "check", "test"}:
        django.setup()
        from django.db import connection

        if "django_migrations" not in connection.introspection.table_names():
            call_command("migrate", verbosity=0)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
