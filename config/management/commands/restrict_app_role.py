"""``manage.py restrict_app_role``: the database role of the running application, with no more than it needs."""

from typing import Any

import dj_database_url
from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, models, transaction
from psycopg2 import sql

from config.env import Env

# Triggers write these two with the application's own rights: the head of the audit chain, and who made a change.
NEVER_SHRINKS = frozenset({"clinic_audithead", "pghistory_context"})


class Command(BaseCommand):
    help = (
        "Make the role that APP_DATABASE_URL names, or renew its password, and let it read and write rows: "
        "no tables of its own, no change to the history and the audit trail. Run it as the owner after migrate."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        app = dj_database_url.parse(Env().text("APP_DATABASE_URL"))
        role, password = app["USER"], app["PASSWORD"]
        if not (role and password):
            raise CommandError("APP_DATABASE_URL must name a role and its password.")
        tables = apps.get_models(include_auto_created=True)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            verb = sql.SQL("ALTER" if cursor.fetchone() else "CREATE")
            name = sql.Identifier(role)
            cursor.execute(
                sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                    verb, name, sql.Literal(password)
                )
            )
            cursor.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(name))
            cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name))
            cursor.execute(sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(name))
            for model in tables:
                if model._meta.managed and not model._meta.proxy:
                    rights = _rights(model)
                    table = sql.Identifier(model._meta.db_table)
                    cursor.execute(sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(rights), table, name))
        self.stdout.write(f"The role {role} may read and write rows; history and audit trail only grow.")


def _rights(model: type[models.Model]) -> str:
    if _only_grows(model):
        return "SELECT, INSERT"
    return "SELECT, INSERT, UPDATE" if model._meta.db_table in NEVER_SHRINKS else "SELECT, INSERT, UPDATE, DELETE"


def _only_grows(model: type[models.Model]) -> bool:
    """Whether the table's own triggers refuse every change; triggers alone could be told to look away."""
    return any(trigger.name == "append_only" for trigger in getattr(model._meta, "triggers", ()))
