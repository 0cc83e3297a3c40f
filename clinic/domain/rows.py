"""Writing a new row without working its statement out anew: for the few rows that are written all day long."""

from functools import cache
from typing import TypeVar

from django.db import connection
from django.db.models import Field, GeneratedField, Model

M = TypeVar("M", bound=Model)


def insert(row: M) -> M:
    """Like ``row.save(force_insert=True)``, at a third of its cost: no signals, and columns that PostgreSQL computes
    are left for whoever asks for them. Gives the row with its key."""
    statement, fields = _statement(type(row))
    values = [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        (row.pk,) = cursor.fetchone()
    row._state.adding, row._state.db = False, "default"
    return row


@cache
def _statement(model: type[Model]) -> tuple[str, list["Field[object, object]"]]:
    meta = model._meta
    fields = [f for f in meta.concrete_fields if not f.primary_key and not isinstance(f, GeneratedField)]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    table, key = quote(meta.db_table), quote(str(meta.pk.column))
    return f"INSERT INTO {table} ({columns}) VALUES ({places}) RETURNING {key}", fields  # noqa: S608 names of our own
