"""Writing a new row without working its statement out anew: for the few rows that are written all day long."""

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)
# What psycopg2 writes as it is.
PLAIN = (
    models.BigIntegerField,
    models.BooleanField,
    models.CharField,
    models.DateTimeField,
    models.ForeignKey,
    models.PositiveIntegerField,
    models.PositiveSmallIntegerField,
    models.TextField,
)


def insert(row: M) -> M:
    """Like ``row.save(force_insert=True)``, at a sixth of its cost: no signals, values are of their column's type
    already (times aware), and columns that PostgreSQL computes are left for whoever asks for them.

    For models of ``PLAIN`` fields; ``TypeError`` for others. Gives the row with its key.
    """
    statement, values = _statement(type(row))
    with connection.cursor() as cursor:
        cursor.execute(statement, values(row))
        (row.pk,) = cursor.fetchone()
    row._state.adding, row._state.db = False, "default"
    return row


@cache
def _statement(model: type[models.Model]) -> tuple[str, Callable[[models.Model], tuple[Any, ...]]]:
    meta = model._meta
    fields = [f for f in meta.concrete_fields if not f.primary_key and not isinstance(f, models.GeneratedField)]
    if strange := [field.name for field in fields if type(field) not in PLAIN]:
        raise TypeError(f"{model.__name__} cannot be written as it is: {', '.join(strange)}")
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    table, key = quote(meta.db_table), quote(str(meta.pk.column))
    statement = f"INSERT INTO {table} ({columns}) VALUES ({places}) RETURNING {key}"  # noqa: S608 names of our own
    return statement, attrgetter(*(field.attname for field in fields))
